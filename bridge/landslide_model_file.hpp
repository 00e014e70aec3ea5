// Reads the extra entries of a model file, a ZIP archive in memory. Every offset and size of the archive is checked
// before use, and nothing is allocated beyond the size of the archive.
#ifndef LANDSLIDE_MODEL_FILE_HPP
#define LANDSLIDE_MODEL_FILE_HPP

#include <cstddef>
#include <string>
#include <vector>

#include "landslide_zip.hpp"

namespace landslide {

// Rows that an engine must reproduce: |got - y| <= atol + rtol * |y|, flags equal.
struct Golden {
  int n_rows = 0;
  double rtol = 0.0;
  double atol = 0.0;
  std::vector<double> x;  // (n_rows, n_in), Fortran layout
  std::vector<double> y;  // (n_rows, n_out)
  std::vector<int> flag;  // (n_rows)
};

struct ModelFile {
  Golden golden;
  std::string json;  // one JSON object, passed through
  Span tile = {};    // the tile program, unread, where there is one; it points into the file's bytes
};

// Throws Error: FILE (not a model file, damaged) or SCHEMA (a schema other than that of this build); the text names
// the entry and the reason.
ModelFile read_model_file(const unsigned char *bytes, std::size_t n_bytes);

// The layer interfaces (m) of this build's schema, hence of every model that opens.
std::vector<double> schema_interfaces();

}  // namespace landslide

#endif
