// SHA-256 (FIPS 180-4), so that a pinned model file can be told from any other.
#ifndef LANDSLIDE_SHA256_HPP
#define LANDSLIDE_SHA256_HPP

#include <cstddef>
#include <string>

namespace landslide {

// The digest of n bytes as 64 lower-case hexadecimal digits.
std::string sha256(const unsigned char *bytes, std::size_t n);

}  // namespace landslide

#endif
