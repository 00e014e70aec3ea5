#include "landslide_settings.hpp"

#include <algorithm>
#include <cctype>

#include "landslide_error.hpp"

namespace landslide {
namespace {

constexpr int kMaxThreads = 1024;

Error refuse(const std::string &text) { return {LANDSLIDE_ERROR_ARGUMENT, text}; }

bool all(const std::string &text, int (*kind)(int)) {
  return std::all_of(text.begin(), text.end(), [kind](unsigned char c) { return kind(c) != 0; });
}

int parse_threads(const std::string &value) {
  const int threads = !value.empty() && value.size() <= 4 && all(value, std::isdigit) ? std::stoi(value) : 0;
  if (threads < 1 || threads > kMaxThreads) {
    throw refuse("setting threads is '" + value + "'; give a whole number from 1 to " + std::to_string(kMaxThreads));
  }
  return threads;
}

std::string parse_sha256(std::string value) {
  if (value.size() != 64 || !all(value, std::isxdigit)) {
    throw refuse("setting sha256 is '" + value + "'; give 64 hexadecimal digits");
  }
  for (char &c : value) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return value;
}

std::string parse_instruction_set(const std::string &value) {
  for (const char *known : {"auto", "baseline", "avx2", "avx512"}) {
    if (value == known) return value;
  }
  throw refuse("setting instruction_set is '" + value + "'; give auto, baseline, avx2 or avx512");
}

}  // namespace

Settings parse_settings(const char *text) {
  Settings settings;
  const std::string all_settings = text == nullptr ? "" : text;
  for (std::size_t start = 0; start < all_settings.size();) {
    const std::size_t end = std::min(all_settings.find(';', start), all_settings.size());
    const std::string item = all_settings.substr(start, end - start);
    start = end + 1;
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) throw refuse("setting '" + item + "' has no value; write key=value;key=value");
    const std::string key = item.substr(0, equals);
    const std::string value = item.substr(equals + 1);
    if (key == "engine") {
      settings.engine = value;
    } else if (key == "instruction_set") {
      settings.instruction_set = parse_instruction_set(value);
    } else if (key == "plugin") {
      settings.plugin = value;
    } else if (key == "sha256") {
      settings.sha256 = parse_sha256(value);
    } else if (key == "threads") {
      settings.threads = parse_threads(value);
    } else {
      throw refuse("unknown setting '" + key + "'; known are engine, plugin, sha256, threads, instruction_set");
    }
  }
  if (settings.engine == "torchscript" && settings.instruction_set != "auto") {
    throw refuse("setting instruction_set is '" + settings.instruction_set +
                 "', but engine torchscript chooses its own; leave it out or use engine=tile");
  }
  return settings;
}

}  // namespace landslide
