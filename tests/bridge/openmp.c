/* A host with OpenMP: its setting is the same after every call, in every thread, and the engine starts no threads.
 * Usage: openmp MODEL SETTINGS */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "landslide.h"
#include "landslide_fields.h"

enum { NCOL = 4096, HOST_THREADS = 3 };

static int threads_of_process(void) {
  char line[256];
  int n = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status) != NULL) sscanf(line, "Threads: %d", &n);
  fclose(status);
  return n;
}

static int run(const landslide_model *model, double *y) {
  double *x = malloc(sizeof(double) * NCOL * LANDSLIDE_N_IN);
  int *flag = malloc(sizeof(int) * NCOL);
  for (int i = 0; i < NCOL * LANDSLIDE_N_IN; ++i) x[i] = 1.0 / (2 + i % 1009);
  const int status = landslide_run(model, NCOL, x, y, flag, NULL);
  free(x);
  free(flag);
  return status;
}

int main(int argc, char **argv) {
  static double alone[NCOL * LANDSLIDE_N_OUT], together[HOST_THREADS][NCOL * LANDSLIDE_N_OUT];
  char message[LANDSLIDE_MESSAGE_SIZE];
  landslide_model *model = NULL;
  if (argc != 3) return 9;
  const char *settings = argv[2];

  omp_set_num_threads(HOST_THREADS);
  if (landslide_open_file(argv[1], settings, &model, message) != LANDSLIDE_OK) {
    puts(message);
    return 2;
  }
  printf("after open %d\n", omp_get_max_threads());
  for (int i = 0; i < 3; ++i) {
    if (run(model, alone) != LANDSLIDE_OK) return 3;
  }
  printf("after run %d\n", omp_get_max_threads());
  printf("threads of the process %d\n", threads_of_process());

  int failed = 0, changed = 0;
#pragma omp parallel reduction(+ : failed, changed)
  {
    const int before = omp_get_max_threads();
    double *y = together[omp_get_thread_num()];
    failed += run(model, y) != LANDSLIDE_OK || memcmp(y, alone, sizeof alone) != 0;
    changed += omp_get_max_threads() != before;
  }
  printf("parallel: failed %d, changed %d\n", failed, changed);
  printf("after parallel %d\n", omp_get_max_threads());
  landslide_close(&model);
  return 0;
}
