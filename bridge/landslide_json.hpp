// Whether a text is JSON, by RFC 8259 and in UTF-8; nothing is built from it.
#ifndef LANDSLIDE_JSON_HPP
#define LANDSLIDE_JSON_HPP

#include <string>

namespace landslide {

// Empty where the text is one JSON object, which any reader can take in; otherwise what is wrong and at which byte.
// NaN, Infinity and -Infinity are numbers, as Python writes and reads them. Depth and length of numbers have limits,
// below those of common readers.
std::string json_object_fault(const std::string &text);

}  // namespace landslide

#endif
