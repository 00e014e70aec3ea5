/* landslide.h - the C ABI of ELM-Landslide.
 *
 * Conventions
 *   x  inputs,  Fortran layout (ncol, LANDSLIDE_N_IN):  x[column + field * ncol]
 *   y  outputs, Fortran layout (ncol, LANDSLIDE_N_OUT): y[column + output * ncol]
 *   flag  one LANDSLIDE_FLAG_* per column
 *   Fields, their order, units and sizes: landslide_fields.h, generated from fields.toml.
 *   A function that can fail returns LANDSLIDE_OK or one LANDSLIDE_ERROR_*, and writes one line that names
 *   the routine, the field or entry, the value and what to do into message (LANDSLIDE_MESSAGE_SIZE bytes,
 *   NUL-terminated; empty when all is well). message may be NULL.
 *   Nothing here throws, prints, exits or leaves the caller's floating-point environment changed.
 */
#ifndef LANDSLIDE_H
#define LANDSLIDE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LANDSLIDE_MESSAGE_SIZE 512

enum landslide_status {
  LANDSLIDE_OK = 0,
  LANDSLIDE_ERROR_ARGUMENT = 1, /* a null pointer, a negative size, an unknown setting */
  LANDSLIDE_ERROR_FILE = 2,     /* the model file cannot be read or is not a model file */
  LANDSLIDE_ERROR_SHA256 = 3,   /* the bytes are not those that were pinned */
  LANDSLIDE_ERROR_SCHEMA = 4,   /* another schema: version, fields, order, units or layer interfaces */
  LANDSLIDE_ERROR_ENGINE = 5,   /* the engine is unknown, cannot be loaded, or failed in a run */
  LANDSLIDE_ERROR_GOLDEN = 6,   /* the engine does not reproduce the golden rows */
  LANDSLIDE_ERROR_MEMORY = 7,
  LANDSLIDE_ERROR_INTERNAL = 8
};

typedef struct landslide_model landslide_model; /* opaque */

/* Version of the interface that the library was built with. A host that was compiled with another one, by
 * LANDSLIDE_ABI_VERSION of landslide_fields.h, cannot use it. */
int landslide_abi_version(void);

/* Open a model from a file, or from its bytes (one rank reads and broadcasts; the bytes may be freed afterwards).
 * What is no regular file, or larger than LANDSLIDE_MODEL_BYTES, is refused before it is read.
 *
 * settings: "key=value;key=value", NULL or "" for the defaults. An unknown key is an error. Keys:
 *   engine           tile (built in, the default) or torchscript (libtorch in a plug-in)
 *   instruction_set  of engine tile: auto (the best the processor has, the default), baseline, avx2 or avx512. All
 *                    give the same bits. With engine torchscript only auto is allowed, and means nothing
 *   plugin           path of the shared library of engine torchscript
 *   sha256           64 hexadecimal digits that the file's bytes must have
 *   threads          intra-op threads of engine torchscript, default 1; engine tile works in the calling thread
 * *model is NULL unless the call succeeds.
 */
int landslide_open_file(const char *path, const char *settings, landslide_model **model, char *message);
int landslide_open_bytes(const void *bytes, int64_t n_bytes, const char *settings, landslide_model **model,
                         char *message);

/* Compare the host's layer interfaces (m, n values, from 0 at the surface) with those of the schema. */
int landslide_check_layers(const landslide_model *model, int n, const double *interfaces, char *message);

/* Run ncol columns (0 is fine). Re-entrant: threads may share one model. A value that is not finite counts as
 * missing. The outputs of a column flagged LANDSLIDE_FLAG_INVALID are LANDSLIDE_SPVAL; nothing that is not
 * finite is ever returned. On an error every output is LANDSLIDE_SPVAL and every flag is invalid. */
int landslide_run(const landslide_model *model, int ncol, const double *x, double *y, int *flag, char *message);

/* JSON that names the engine, the instruction set in use (empty for torchscript), the SHA-256, the schema and the
 * provenance; lives as long as the model. */
const char *landslide_describe(const landslide_model *model);

/* Close *model and set it to NULL; closing NULL is fine. */
void landslide_close(landslide_model **model);

#ifdef __cplusplus
}
#endif
#endif
