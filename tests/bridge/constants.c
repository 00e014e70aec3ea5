/* Prints every number of landslide_fields.h that NAMES (a list of X(name)) lists, and the schema table. */
#include <stdio.h>

#include "landslide.h"
#include "landslide_fields.h"
#include "names.h"

int main(void) {
#define X(name) printf(#name " %.17g\n", (double)(name));
  NAMES
  fputs(LANDSLIDE_SCHEMA_TABLE, stdout);
  return 0;
}
