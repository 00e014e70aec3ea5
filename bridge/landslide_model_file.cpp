#include "landslide_model_file.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <locale>
#include <sstream>

#include "landslide_byte_reader.hpp"
#include "landslide_error.hpp"
#include "landslide_fields.h"
#include "landslide_json.hpp"
#include "landslide_tile_program.hpp"

namespace landslide {
namespace {

constexpr const char *kSchemaEntry = "/extra/landslide_schema.txt";
constexpr const char *kGoldenEntry = "/extra/landslide_golden.bin";
constexpr const char *kJsonEntry = "/extra/landslide.json";
constexpr std::int64_t kMaxRows = 4096;  // golden rows, all of which are run when a model is opened

std::string quoted(std::string line) {
  if (line.size() > 100) line = line.substr(0, 97) + "...";
  for (char &c : line) {
    if (c < ' ' || c > '~') c = '?';
  }
  return "'" + line + "'";
}

void check_schema(Span entry) {
  std::istringstream in_file(std::string(reinterpret_cast<const char *>(entry.data), entry.size));
  std::istringstream in_build(LANDSLIDE_SCHEMA_TABLE);
  for (int line = 1;; ++line) {
    std::string theirs, ours;
    const bool have_theirs = static_cast<bool>(std::getline(in_file, theirs));
    const bool have_ours = static_cast<bool>(std::getline(in_build, ours));
    if (!have_theirs && !have_ours) return;
    if (theirs == ours && have_theirs == have_ours) continue;
    throw Error(LANDSLIDE_ERROR_SCHEMA, std::string("entry ") + kSchemaEntry + " line " + std::to_string(line) +
                                            ": the file has " + (have_theirs ? quoted(theirs) : "no such line") +
                                            ", this build has " + (have_ours ? quoted(ours) : "no such line") +
                                            "; use a model made for this schema");
  }
}

Golden read_golden(Span entry) {
  const auto refuse = [](const std::string &text) {
    return Error(LANDSLIDE_ERROR_FILE, std::string("entry ") + kGoldenEntry + ": " + text);
  };
  constexpr std::size_t header_size = 8 + 3 * 8 + 2 * 8;
  constexpr std::size_t row_size = 8 * (LANDSLIDE_N_IN + LANDSLIDE_N_OUT) + 4;
  if (entry.size < header_size || std::memcmp(entry.data, "LSGOLD01", 8) != 0) {
    throw refuse("does not begin as golden rows do (LSGOLD01)");
  }
  ByteReader reader(entry.data + 8);
  const auto n_rows = reader.one<std::int64_t>();
  const auto n_in = reader.one<std::int64_t>();
  const auto n_out = reader.one<std::int64_t>();
  if (n_in != LANDSLIDE_N_IN || n_out != LANDSLIDE_N_OUT) {
    throw refuse("has " + std::to_string(n_in) + " inputs and " + std::to_string(n_out) + " outputs, not " +
                 std::to_string(LANDSLIDE_N_IN) + " and " + std::to_string(LANDSLIDE_N_OUT));
  }
  const std::size_t body = entry.size - header_size;
  if (n_rows < 1 || body % row_size != 0 || body / row_size != static_cast<std::uint64_t>(n_rows)) {
    throw refuse("says it has " + std::to_string(n_rows) + " rows, which does not fit its " +
                 std::to_string(entry.size) + " bytes");
  }
  if (n_rows > kMaxRows) {
    throw refuse("has " + std::to_string(n_rows) + " rows; at most " + std::to_string(kMaxRows) + " are run");
  }
  Golden golden;
  golden.n_rows = static_cast<int>(n_rows);
  golden.rtol = reader.one<double>();
  golden.atol = reader.one<double>();
  if (!(golden.rtol >= 0.0 && golden.rtol < 1.0 && golden.atol >= 0.0 && std::isfinite(golden.atol))) {
    throw refuse("has a tolerance that is negative, not finite or not below 1");
  }
  const auto n = static_cast<std::size_t>(n_rows);
  golden.x = reader.many<double>(n * LANDSLIDE_N_IN);
  golden.y = reader.many<double>(n * LANDSLIDE_N_OUT);
  const auto flags = reader.many<std::int32_t>(n);
  golden.flag.assign(flags.begin(), flags.end());
  return golden;
}

// The object is passed through: people and their programs read it, so all of it has to be readable.
std::string read_json(Span entry) {
  const std::string text(reinterpret_cast<const char *>(entry.data), entry.size);
  const std::string fault = json_object_fault(text);
  if (!fault.empty()) {
    throw Error(LANDSLIDE_ERROR_FILE,
                std::string("entry ") + kJsonEntry + " is not a JSON object (" + fault + "); export the model again");
  }
  const std::size_t first = text.find('{');
  return text.substr(first, text.rfind('}') - first + 1);
}

}  // namespace

std::vector<double> schema_interfaces() {
  std::istringstream table(LANDSLIDE_SCHEMA_TABLE);
  table.imbue(std::locale::classic());  // the host's locale may write a decimal comma
  std::string line, word;
  std::getline(table, line);  // landslide_schema <version>
  std::size_t n = 0;
  table >> word >> n;  // interfaces <n> <value>...
  std::vector<double> values(n);
  for (double &value : values) table >> value;
  return values;
}

ModelFile read_model_file(const unsigned char *bytes, std::size_t n_bytes) {
  const ZipReader zip({bytes, n_bytes});
  check_schema(zip.find(kSchemaEntry));
  ModelFile file{read_golden(zip.find(kGoldenEntry)), read_json(zip.find(kJsonEntry))};
  if (zip.has(tile::kProgramEntry)) file.tile = zip.find(tile::kProgramEntry);
  return file;
}

}  // namespace landslide
