/* A host whose threads share one model: the outputs have the bits of a serial run, whatever the batches.
 * Usage: threads MODEL SETTINGS */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "landslide.h"
#include "landslide_fields.h"

enum { NCOL = 96, THREADS = 4, TURNS = 8 };

static landslide_model *model;
static double x[NCOL][LANDSLIDE_N_IN], alone[NCOL][LANDSLIDE_N_OUT];
static int alone_flag[NCOL];

/* Run `n` columns from `first` on; x and y of the library go by field, those of this program by column. */
static int run(int first, int n, double (*y)[LANDSLIDE_N_OUT], int *flag) {
  double in[NCOL * LANDSLIDE_N_IN], out[NCOL * LANDSLIDE_N_OUT];
  char message[LANDSLIDE_MESSAGE_SIZE];
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < LANDSLIDE_N_IN; ++k) in[i + k * n] = x[first + i][k];
  }
  const int status = landslide_run(model, n, in, out, flag + first, message);
  if (status != LANDSLIDE_OK) fprintf(stderr, "%s\n", message);
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < LANDSLIDE_N_OUT; ++k) y[first + i][k] = out[i + k * n];
  }
  return status;
}

/* Returns its argument, the size of the batches, where a run failed or had other bits. */
static void *work(void *argument) {
  const int batch = *(const int *)argument;
  for (int turn = 0; turn < TURNS; ++turn) {
    double y[NCOL][LANDSLIDE_N_OUT];
    int flag[NCOL];
    for (int first = 0; first < NCOL; first += batch) {
      if (run(first, first + batch < NCOL ? batch : NCOL - first, y, flag) != LANDSLIDE_OK) return argument;
    }
    if (memcmp(y, alone, sizeof y) != 0 || memcmp(flag, alone_flag, sizeof flag) != 0) return argument;
  }
  return NULL;
}

int main(int argc, char **argv) {
  static int batches[THREADS] = {1, 7, 8, NCOL};
  pthread_t threads[THREADS];
  char message[LANDSLIDE_MESSAGE_SIZE];
  int failed = 0;
  if (argc != 3) return 9;
  if (landslide_open_file(argv[1], argv[2], &model, message) != LANDSLIDE_OK) {
    puts(message);
    return 2;
  }
  for (int i = 0; i < NCOL; ++i) {
    for (int k = 0; k < LANDSLIDE_N_IN; ++k) x[i][k] = (double)((i * 37 + k * 11) % 101) / 128;
  }
  if (run(0, NCOL, alone, alone_flag) != LANDSLIDE_OK) return 3;
  for (int i = 0; i < THREADS; ++i) {
    if (pthread_create(&threads[i], NULL, work, &batches[i]) != 0) return 4;
  }
  for (int i = 0; i < THREADS; ++i) {
    void *wrong;
    pthread_join(threads[i], &wrong);
    if (wrong == NULL) continue;
    printf("batches of %d: other outputs than in a serial run\n", *(int *)wrong);
    failed = 1;
  }
  landslide_close(&model);
  if (!failed) puts("same bits");
  return failed;
}
