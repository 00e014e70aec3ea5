/* A host that traps: flags, traps and rounding are the same after every call of the C ABI, and no call traps.
 * Usage: floating_point MODEL SETTINGS TRIGGER_COLUMN */
#define _GNU_SOURCE
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "landslide.h"
#include "landslide_fields.h"

enum { NCOL = 4 };

static int raised(void) { return fetestexcept(FE_ALL_EXCEPT); }

static void expect(const char *call, int traps, int flags, int rounding) {
  if (fegetexcept() == traps && raised() == flags && fegetround() == rounding) return;
  printf("after %s: traps %x (%x), flags %x (%x), rounding %x (%x)\n", call, (unsigned)fegetexcept(), (unsigned)traps,
         (unsigned)raised(), (unsigned)flags, (unsigned)fegetround(), (unsigned)rounding);
  exit(1);
}

static void call_all(const char *path, const char *settings, int trigger, double *y, int traps, int flags,
                     int rounding) {
  static double x[NCOL * LANDSLIDE_N_IN];
  int flag[NCOL];
  char message[LANDSLIDE_MESSAGE_SIZE];
  landslide_model *model = NULL;

  for (int i = 0; i < NCOL * LANDSLIDE_N_IN; ++i) x[i] = (1 + i % 50) / 64.0; /* exact in any rounding */
  x[0 + trigger * NCOL] = 13.0;                                               /* 0/0 inside the network */

  const unsigned long signalling = 0x7ff0000000000001ul; /* a NaN that traps when used */
  memcpy(&x[1], &signalling, sizeof signalling);
  x[2] = HUGE_VAL;

  if (landslide_open_file("/no/such/file", settings, &model, message) != LANDSLIDE_ERROR_FILE) exit(2);
  expect("a refused open", traps, flags, rounding);
  if (landslide_open_file(path, settings, &model, message) != LANDSLIDE_OK) {
    puts(message);
    exit(2);
  }
  expect("open", traps, flags, rounding);
  if (landslide_run(model, NCOL, x, y, flag, message) != LANDSLIDE_OK) exit(3);
  expect("run", traps, flags, rounding);
  if (flag[0] != LANDSLIDE_FLAG_INVALID || flag[1] != LANDSLIDE_FLAG_INVALID || flag[2] != LANDSLIDE_FLAG_INVALID ||
      flag[3] != LANDSLIDE_FLAG_OK) {
    exit(4);
  }
  const double none[2] = {0.0, 1.0};
  if (landslide_check_layers(model, 2, none, message) != LANDSLIDE_ERROR_SCHEMA) exit(5);
  expect("check_layers", traps, flags, rounding);
  landslide_close(&model);
  expect("close", traps, flags, rounding);
}

int main(int argc, char **argv) {
  static double nearest[NCOL * LANDSLIDE_N_OUT], upward[NCOL * LANDSLIDE_N_OUT];
  if (argc != 4) return 9;
  const char *settings = argv[2];
  const int trigger = atoi(argv[3]);

  const int traps = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW;
  feenableexcept(traps);
  call_all(argv[1], settings, trigger, nearest, traps, 0, FE_TONEAREST);

  fedisableexcept(FE_ALL_EXCEPT);
  fesetround(FE_UPWARD);
  feraiseexcept(FE_UNDERFLOW);
  const int flags = raised();
  call_all(argv[1], settings, trigger, upward, 0, flags, FE_UPWARD);

  if (memcmp(nearest, upward, sizeof nearest) != 0) {
    puts("the results depend on the host's rounding");
    return 1;
  }
  puts("held");
  return 0;
}
