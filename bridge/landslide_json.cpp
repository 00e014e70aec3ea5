#include "landslide_json.hpp"

#include <cstddef>
#include <stdexcept>

namespace landslide {
namespace {

constexpr int kMaxDepth = 100;
constexpr std::size_t kMaxNumber = 1000;  // characters

struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Checker {
 public:
  explicit Checker(const std::string &text) : text_(text) {}

  void check() {
    skip_blanks();
    if (!at('{')) fail("it does not begin with {");
    value(0);
    skip_blanks();
    if (at_ < text_.size()) fail("more than one JSON object");
  }

 private:
  [[noreturn]] void fail(const char *what) const {
    throw Fault(std::string(what) + " at byte " + std::to_string(at_ + 1));
  }

  bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool at_digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  unsigned byte(std::size_t i) const { return i < text_.size() ? static_cast<unsigned char>(text_[i]) : 0u; }

  bool take(char c) {
    if (!at(c)) return false;
    ++at_;
    return true;
  }

  bool take(const char *word) {
    const std::string wanted = word;
    if (text_.compare(at_, wanted.size(), wanted) != 0) return false;
    at_ += wanted.size();
    return true;
  }

  void skip_blanks() {
    while (at(' ') || at('\t') || at('\r') || at('\n')) ++at_;
  }

  void value(int depth) {
    if (depth > kMaxDepth) fail("nested more than 100 deep");
    skip_blanks();
    if (at('"')) return string();
    if (take('{')) return members(depth);
    if (take('[')) return elements(depth);
    if (take("true") || take("false") || take("null") || take("NaN") || take("Infinity") || take("-Infinity")) return;
    number();
  }

  void members(int depth) {
    skip_blanks();
    if (take('}')) return;
    do {
      skip_blanks();
      if (!at('"')) fail("no name in quotes");
      string();
      skip_blanks();
      if (!take(':')) fail("no colon after a name");
      value(depth + 1);
      skip_blanks();
    } while (take(','));
    if (!take('}')) fail("no comma or end after a member");
  }

  void elements(int depth) {
    skip_blanks();
    if (take(']')) return;
    do {
      value(depth + 1);
      skip_blanks();
    } while (take(','));
    if (!take(']')) fail("no comma or end after an element");
  }

  void digits() {
    if (!at_digit()) fail("no value");
    while (at_digit()) ++at_;
  }

  void number() {
    const std::size_t start = at_;
    take('-');
    if (!take('0')) digits();
    if (take('.')) digits();
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      digits();
    }
    if (at_ - start > kMaxNumber) fail("a number of more than 1000 characters");
  }

  void string() {
    ++at_;
    while (!take('"')) {
      if (at_ >= text_.size()) fail("a text without an end");
      if (byte(at_) < 0x20u) fail("a control character in a text");
      if (take('\\')) {
        escape();
      } else {
        character();
      }
    }
  }

  void escape() {
    for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'}) {
      if (take(c)) return;
    }
    if (!take('u')) fail("an unknown escape");
    const unsigned first = four_digits();
    if (first < 0xd800u || first > 0xdfffu) return;
    if (first > 0xdbffu || !take("\\u")) fail("half of a surrogate pair");
    const unsigned second = four_digits();
    if (second < 0xdc00u || second > 0xdfffu) fail("half of a surrogate pair");
  }

  unsigned four_digits() {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const unsigned c = byte(at_);
      if (c >= '0' && c <= '9') {
        code = 16u * code + (c - '0');
      } else if ((c | 0x20u) >= 'a' && (c | 0x20u) <= 'f') {
        code = 16u * code + ((c | 0x20u) - 'a' + 10u);
      } else {
        fail("an escape without four hexadecimal digits");
      }
    }
    return code;
  }

  // One character of UTF-8 (RFC 3629): neither too long a form, nor a surrogate, nor beyond U+10FFFF.
  void character() {
    const unsigned first = byte(at_), second = byte(at_ + 1);
    std::size_t n = 0;
    if (first < 0x80u) {
      n = 1;
    } else if (first >= 0xc2u && first <= 0xdfu) {
      n = 2;
    } else if (first >= 0xe0u && first <= 0xefu) {
      n = (first == 0xe0u && second < 0xa0u) || (first == 0xedu && second > 0x9fu) ? 0 : 3;
    } else if (first >= 0xf0u && first <= 0xf4u) {
      n = (first == 0xf0u && second < 0x90u) || (first == 0xf4u && second > 0x8fu) ? 0 : 4;
    }
    bool whole = n > 0;
    for (std::size_t i = 1; i < n; ++i) whole = whole && (byte(at_ + i) & 0xc0u) == 0x80u;
    if (!whole) fail("no UTF-8");
    at_ += n;
  }

  const std::string &text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string json_object_fault(const std::string &text) {
  try {
    Checker(text).check();
  } catch (const Fault &fault) {
    return fault.what();
  }
  return "";
}

}  // namespace landslide
