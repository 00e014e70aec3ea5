// Reads numbers off the front of an entry of the model file. Little endian, as the hosts are.
#ifndef LANDSLIDE_BYTE_READER_HPP
#define LANDSLIDE_BYTE_READER_HPP

#include <cstddef>
#include <cstring>
#include <vector>

namespace landslide {

static_assert(sizeof(double) == 8, "the model file holds IEEE binary64");

// The caller has checked that what it reads is there.
class ByteReader {
 public:
  explicit ByteReader(const unsigned char *from) : from_(from) {}

  template <class T>
  T one() {
    T value;
    std::memcpy(&value, from_, sizeof value);
    from_ += sizeof value;
    return value;
  }

  template <class T>
  std::vector<T> many(std::size_t n) {
    std::vector<T> values(n);
    if (n > 0) std::memcpy(values.data(), from_, n * sizeof(T));
    from_ += n * sizeof(T);
    return values;
  }

  void skip(std::size_t n) { from_ += n; }

 private:
  const unsigned char *from_;
};

}  // namespace landslide

#endif
