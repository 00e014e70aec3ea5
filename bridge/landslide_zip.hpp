// Just enough of the ZIP format to find stored entries in an archive in memory (PKWARE APPNOTE 4.3).
#ifndef LANDSLIDE_ZIP_HPP
#define LANDSLIDE_ZIP_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace landslide {

struct Span {
  const unsigned char *data;
  std::size_t size;
};

class ZipReader {
 public:
  // Throws Error (FILE) when the central directory is not whole or an entry that is stored is damaged.
  explicit ZipReader(Span archive);

  // The data of the one entry whose name ends with suffix. Throws Error (FILE) when there is not exactly one, or when
  // it is compressed.
  Span find(const std::string &suffix) const;

  // Whether any entry's name ends with suffix.
  bool has(const std::string &suffix) const;

 private:
  struct Entry {
    std::string name;
    bool stored;
    Span data;
  };
  std::vector<Entry> entries_;
};

}  // namespace landslide

#endif
