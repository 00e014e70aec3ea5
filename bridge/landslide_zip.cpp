#include "landslide_zip.hpp"

#include <algorithm>
#include <array>

#include "landslide_error.hpp"
#include "landslide_fields.h"

namespace landslide {
namespace {

Error refuse(const std::string &text) { return {LANDSLIDE_ERROR_FILE, text}; }

std::string printable(std::string name) {
  if (name.size() > 80) name = name.substr(0, 77) + "...";
  for (char &c : name) {
    if (c < ' ' || c > '~') c = '?';
  }
  return name;
}

// Little-endian numbers at a place that must lie inside the archive.
class Reader {
 public:
  explicit Reader(Span bytes) : bytes_(bytes) {}

  Span at(std::size_t offset, std::size_t size, const std::string &what) const {
    if (offset > bytes_.size || size > bytes_.size - offset) {
      throw refuse(what + " lies beyond the end of the file; the file is truncated or altered; copy it again");
    }
    return {bytes_.data + offset, size};
  }

 private:
  Span bytes_;
};

std::uint32_t number(Span span, std::size_t offset, std::size_t n_bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = n_bytes; i > 0; --i) value = value << 8 | span.data[offset + i - 1];
  return value;
}

std::uint32_t crc32(Span data) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value & 1u) != 0 ? 0xedb88320u ^ (value >> 1) : value >> 1;
      t[i] = value;
    }
    return t;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (std::size_t i = 0; i < data.size; ++i) crc = table[(crc ^ data.data[i]) & 0xffu] ^ (crc >> 8);
  return crc ^ 0xffffffffu;
}

constexpr std::size_t kEndSize = 22;      // end of central directory record, without a comment
constexpr std::size_t kCentralSize = 46;  // fixed part of a central directory header
constexpr std::size_t kLocalSize = 30;    // fixed part of a local header

bool ends_with(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

ZipReader::ZipReader(Span archive) {
  const Reader reader(archive);
  if (archive.size < kEndSize) throw refuse("not a model file: shorter than an empty ZIP archive");
  const Span end = reader.at(archive.size - kEndSize, kEndSize, "end record");
  if (number(end, 0, 4) != 0x06054b50u || number(end, 20, 2) != 0) {
    throw refuse(
        "not a model file: no ZIP end record in the last 22 bytes; the file is truncated or altered; copy it again");
  }
  const std::size_t n_entries = number(end, 10, 2);
  const std::size_t directory_size = number(end, 12, 4);
  const std::size_t directory_start = number(end, 16, 4);
  const Reader directory(reader.at(directory_start, directory_size, "central directory"));

  std::size_t offset = 0;
  std::size_t total = 0, unpacked = 0;
  for (std::size_t i = 0; i < n_entries; ++i) {
    const std::string which = "entry " + std::to_string(i + 1) + " of the central directory";
    const Span header = directory.at(offset, kCentralSize, which);
    if (number(header, 0, 4) != 0x02014b50u) throw refuse(which + " has no signature; the file is altered");
    const std::size_t name_size = number(header, 28, 2);
    const Span name_bytes = directory.at(offset + kCentralSize, name_size, which + ": its name");
    const std::string name(reinterpret_cast<const char *>(name_bytes.data), name_size);
    offset += kCentralSize + name_size + number(header, 30, 2) + number(header, 32, 2);

    const std::string what = "entry " + printable(name);
    const std::size_t size = number(header, 20, 4);
    const std::size_t local_start = number(header, 42, 4);
    const bool stored = number(header, 10, 2) == 0;
    if (stored && size != number(header, 24, 4)) throw refuse(what + " is stored but has two sizes");
    const Span local = reader.at(local_start, kLocalSize, what);
    if (number(local, 0, 4) != 0x04034b50u) throw refuse(what + " has no local header; the file is altered");
    const std::size_t data_start = local_start + kLocalSize + number(local, 26, 2) + number(local, 28, 2);
    const Span data = reader.at(data_start, size, what);
    // Nothing is unpacked here, but who runs the compressed entries (torch) takes memory for what they say.
    unpacked += number(header, 24, 4);
    if (unpacked > LANDSLIDE_MODEL_BYTES) {
      throw refuse(what + " brings what the entries unpack to beyond " + std::to_string(LANDSLIDE_MODEL_BYTES) +
                   " bytes; not a model file");
    }
    total += size;
    if (total > archive.size) throw refuse(what + " overlaps another entry; the file is altered");
    // The engine does not check its own entries, so every stored one (all the weights) is checked here.
    if (stored && crc32(data) != number(header, 16, 4)) {
      throw refuse(what + " is damaged: its CRC-32 does not match; copy the file again");
    }
    entries_.push_back({name, stored, data});
  }
}

bool ZipReader::has(const std::string &suffix) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&suffix](const Entry &entry) { return ends_with(entry.name, suffix); });
}

Span ZipReader::find(const std::string &suffix) const {
  const Entry *found = nullptr;
  for (const Entry &entry : entries_) {
    if (!ends_with(entry.name, suffix)) continue;
    if (found != nullptr) throw refuse("entry " + suffix + " occurs twice");
    found = &entry;
  }
  if (found == nullptr) throw refuse("entry " + suffix + " is missing; write the file with elm-landslide export");
  if (!found->stored) throw refuse("entry " + printable(found->name) + " is compressed; it has to be stored");
  return found->data;
}

}  // namespace landslide
