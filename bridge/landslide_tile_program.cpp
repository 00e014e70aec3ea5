#include "landslide_tile_program.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "landslide_byte_reader.hpp"
#include "landslide_error.hpp"
#include "landslide_fields.h"

namespace landslide::tile {
namespace {

constexpr char kMagic[] = "LSTILE01";
constexpr std::size_t kOperandNumbers = 4;
constexpr std::size_t kInstructionNumbers = 19;

Error refuse(const std::string &text) {
  return {LANDSLIDE_ERROR_FILE, std::string("entry ") + kProgramEntry + ": " + text + "; export the model again"};
}

void check_magic(Span entry) {
  constexpr std::size_t n = 8, name = 6;  // LSTILE and two digits
  if (entry.size < n || std::memcmp(entry.data, kMagic, name) != 0) {
    throw refuse(std::string("does not begin as a tile program does (") + kMagic + ")");
  }
  if (std::memcmp(entry.data, kMagic, n) != 0) {
    std::string version(reinterpret_cast<const char *>(entry.data) + name, n - name);
    for (char &c : version) c = c > ' ' && c <= '~' ? c : '?';
    throw refuse("is a tile program of version '" + version + "', this build reads '" + (kMagic + name) + "'");
  }
}

Operand read_operand(ByteReader &reader) {
  Operand operand;
  operand.offset = reader.one<std::int32_t>();
  operand.stride = reader.one<std::int32_t>();
  operand.step = reader.one<std::int32_t>();
  operand.constant = reader.one<std::int32_t>() != 0;
  return operand;
}

Instruction read_instruction(ByteReader &reader) {
  Instruction instruction;
  instruction.op = static_cast<Op>(reader.one<std::int32_t>());
  for (std::int64_t *number : {&instruction.size, &instruction.offset, &instruction.stride, &instruction.extent,
                               &instruction.weights, &instruction.weights_stride}) {
    *number = reader.one<std::int32_t>();
  }
  for (Operand &operand : instruction.operands) operand = read_operand(reader);
  return instruction;
}

}  // namespace

int arity(Op op) {
  const int code = static_cast<int>(op);
  if (code >= 0 && code <= 7) return 1;
  if (code >= 10 && code <= 18) return 2;
  if (code >= 20 && code <= 24) return 3;
  return is_reduction(op) || op == Op::linear ? 1 : 0;
}

Program read_program(Span entry) {
  check_magic(entry);
  constexpr std::size_t header = 8 + 7 * 8;
  if (entry.size < header) throw refuse("ends within its header");
  ByteReader reader(entry.data + 8);
  Program program;
  std::int64_t n_constants = 0, n_weights = 0, n_loops = 0, n_instructions = 0;
  for (std::int64_t *count :
       {&program.n_in, &program.n_out, &program.cells, &n_constants, &n_weights, &n_loops, &n_instructions}) {
    *count = reader.one<std::int64_t>();
  }
  if (program.n_in != LANDSLIDE_N_IN || program.n_out != LANDSLIDE_N_OUT + 1) {
    throw refuse("has " + std::to_string(program.n_in) + " inputs and " + std::to_string(program.n_out) +
                 " outputs, not " + std::to_string(LANDSLIDE_N_IN) + " and " + std::to_string(LANDSLIDE_N_OUT + 1));
  }
  // No count can be larger than the entry, and then no product below overflows.
  const auto most = static_cast<std::int64_t>(std::min<std::size_t>(entry.size, std::size_t{1} << 40));
  for (const std::int64_t count : {n_constants, n_weights, n_loops, n_instructions}) {
    if (count < 0 || count > most) throw refuse("has a count of " + std::to_string(count) + ", which does not fit it");
  }
  const auto size_of = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  const std::size_t numbers = kOperandNumbers + 2 * size_of(n_loops) + kInstructionNumbers * size_of(n_instructions);
  const std::size_t padding = numbers % 2;
  const std::size_t wanted = header + 4 * (numbers + padding) + 8 * (size_of(n_constants) + size_of(n_weights));
  if (wanted != entry.size) {
    throw refuse("says it has " + std::to_string(wanted) + " bytes and has " + std::to_string(entry.size));
  }
  program.output = read_operand(reader);
  program.loops.resize(size_of(n_loops));
  std::vector<std::int64_t> lengths;
  std::int64_t total = 0;
  for (Loop &loop : program.loops) {
    loop.count = reader.one<std::int32_t>();
    lengths.push_back(reader.one<std::int32_t>());
    if (lengths.back() < 1) throw refuse("has a loop without instructions");
    total += lengths.back();
  }
  if (total != n_instructions) {
    throw refuse("has loops of " + std::to_string(total) + " instructions together, but " +
                 std::to_string(n_instructions) + " instructions");
  }
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    program.loops[i].body.reserve(size_of(lengths[i]));
    for (std::int64_t j = 0; j < lengths[i]; ++j) program.loops[i].body.push_back(read_instruction(reader));
  }
  reader.skip(4 * padding);
  program.constants = reader.many<double>(size_of(n_constants));
  program.weights = reader.many<double>(size_of(n_weights));
  for (const double value : program.constants) {
    if (std::isnan(value)) throw refuse("has a constant that is NaN");
  }
  for (const double value : program.weights) {
    if (!std::isfinite(value)) throw refuse("has a weight that is not finite");
  }
  check_program(program);
  return program;
}

}  // namespace landslide::tile
