// The settings string of landslide_open_*: "key=value;key=value".
#ifndef LANDSLIDE_SETTINGS_HPP
#define LANDSLIDE_SETTINGS_HPP

#include <string>

namespace landslide {

struct Settings {
  std::string engine = "tile";
  std::string instruction_set = "auto";  // of the tile engine
  std::string plugin;                    // path of the torchscript engine's shared library
  std::string sha256;                    // lower case; empty: not pinned
  int threads = 1;                       // intra-op threads of the torchscript engine
};

// text may be null. Throws Error (ARGUMENT) that names the key and what is allowed.
Settings parse_settings(const char *text);

}  // namespace landslide

#endif
