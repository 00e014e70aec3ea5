// The torchscript engine, a plug-in: the only part of the project that knows libtorch.
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/script.h>

#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "landslide.h"
#include "landslide_engine.hpp"
#include "landslide_fields.h"

namespace landslide {
namespace {

// libtorch sets the OpenMP threads of the thread that calls it, and the host lives in the same OpenMP. The functions
// are looked up, so that nothing here links OpenMP. Set per call: the setting belongs to the calling thread.
class ThreadGuard {
 public:
  explicit ThreadGuard(int threads)
      : get_(reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"))),
        set_(reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))) {
    if (get_ == nullptr || set_ == nullptr) return;
    host_ = get_();
    at::get_num_threads();  // libtorch's own setting is made at the first call in a thread: here, not later
    set_(threads);
  }
  ~ThreadGuard() {
    if (host_ > 0) set_(host_);
  }
  ThreadGuard(const ThreadGuard &) = delete;
  ThreadGuard &operator=(const ThreadGuard &) = delete;

 private:
  int (*get_)();
  void (*set_)(int);
  int host_ = 0;
};

class TorchBytes : public caffe2::serialize::ReadAdapterInterface {
 public:
  TorchBytes(const void *bytes, std::size_t n) : bytes_(static_cast<const char *>(bytes)), n_(n) {}
  std::size_t size() const override { return n_; }
  std::size_t read(std::uint64_t at, void *to, std::size_t n, const char *) const override {
    if (at > n_ || n > n_ - at) return 0;
    std::memcpy(to, bytes_ + at, n);
    return n;
  }

 private:
  const char *bytes_;
  std::size_t n_;
};

struct State {
  torch::jit::Module module;
  torch::jit::Method forward;
  int threads;
};

// Without the profiling executor: it compiles anew for the first calls and for new shapes (slow), and its fused
// kernels may round otherwise than the plain ones, so that results would depend on the history of calls.
struct PlainExecution {
  c10::InferenceMode inference;
  torch::jit::GraphOptimizerEnabledGuard no_optimizer{false};
};

// The last line of an interpreter's error is the reason; what stands before is its traceback.
std::string reason_of(const std::exception &error) {
  const auto *torch_error = dynamic_cast<const c10::Error *>(&error);
  std::string text = torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
  text.erase(text.find_last_not_of(" \n") + 1);
  const std::size_t last = text.rfind("RuntimeError: ");
  return last == std::string::npos ? text : text.substr(last);
}

template <class Body>
int caught(char *message, Body body) noexcept {
  try {
    body();
    return 0;
  } catch (const std::exception &error) {
    try {
      const std::string reason = reason_of(error);
      message[reason.copy(message, LANDSLIDE_MESSAGE_SIZE - 1)] = '\0';
    } catch (...) {
      std::strcpy(message, "out of memory");
    }
  } catch (...) {
    std::strcpy(message, "unknown exception");
  }
  return 1;
}

int open(const void *bytes, std::int64_t n_bytes, int threads, void **state, char *message) {
  return caught(message, [=] {
    const ThreadGuard guard(threads);
    torch::jit::Module module =
        torch::jit::load(std::make_shared<TorchBytes>(bytes, static_cast<std::size_t>(n_bytes)), torch::kCPU);
    module.eval();
    torch::jit::Method forward = module.get_method("forward");
    *state = new State{std::move(module), std::move(forward), threads};
  });
}

void check_shape(const at::Tensor &out, std::int64_t ncol) {
  if (out.scalar_type() == torch::kFloat64 && out.dim() == 2 && out.size(0) == ncol &&
      out.size(1) == LANDSLIDE_N_OUT + 1) {
    return;
  }
  throw std::runtime_error("forward returns " + std::string(c10::toString(out.scalar_type())) + " " +
                           c10::str(out.sizes()) + ", not Double [" + std::to_string(ncol) + ", " +
                           std::to_string(LANDSLIDE_N_OUT + 1) + "]");
}

int run(void *opaque, int ncol, double *x, double *y, int *flag, char *message) {
  return caught(message, [=] {
    const State &state = *static_cast<const State *>(opaque);
    const ThreadGuard guard(state.threads);
    const PlainExecution plain;
    const std::int64_t n = ncol;
    // Fortran layout: a step of 1 from column to column, of n from field to field.
    const at::Tensor inputs = torch::from_blob(x, {n, LANDSLIDE_N_IN}, {1, n}, torch::kFloat64);
    const at::Tensor out = state.forward({inputs}).toTensor();
    check_shape(out, n);
    torch::from_blob(y, {n, LANDSLIDE_N_OUT}, {1, n}, torch::kFloat64).copy_(out.narrow(1, 0, LANDSLIDE_N_OUT));
    const at::Tensor last = out.select(1, LANDSLIDE_N_OUT);
    const auto flags = last.accessor<double, 1>();
    for (std::int64_t i = 0; i < n; ++i) {
      const double value = flags[i];
      const bool known = value >= LANDSLIDE_FLAG_OK && value <= LANDSLIDE_FLAG_INVALID;  // false for NaN
      flag[i] = known ? static_cast<int>(value) : -1;
    }
  });
}

void close(void *opaque) { delete static_cast<State *>(opaque); }

}  // namespace
}  // namespace landslide

extern "C" __attribute__((visibility("default"))) const landslide_engine_api *landslide_engine_entry(void) {
  static const landslide_engine_api api = {LANDSLIDE_ENGINE_VERSION, landslide::open, landslide::run, landslide::close};
  return &api;
}
