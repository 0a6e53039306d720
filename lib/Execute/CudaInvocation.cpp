//===- CudaInvocation.cpp - Calling a program on a CUDA device ------------===//

#include "fovea/Execute/CudaInvocation.h"

#include <algorithm>
#include <cmath>

using namespace fovea;

/// What the runtime says if `status` is no success.
static llvm::Error check(int status) {
  return status == 0 ? llvm::Error::success() : llvm::createStringError(llvm::Twine(foveaGetLastError()));
}

static ElementType getElementType(launch::ElementType type) {
  switch (type) {
  case launch::ElementType::I8:
  case launch::ElementType::F8E4M3:
  case launch::ElementType::F8E5M2:
    return ElementType::I8;
  case launch::ElementType::I16:
    return ElementType::I16;
  case launch::ElementType::I32:
    return ElementType::I32;
  case launch::ElementType::I64:
    return ElementType::I64;
  case launch::ElementType::F16:
    return ElementType::F16;
  case launch::ElementType::BF16:
    return ElementType::BF16;
  case launch::ElementType::F32:
    return ElementType::F32;
  case launch::ElementType::F64:
    break;
  }
  return ElementType::F64;
}

static launch::ElementType getLaunchType(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return launch::ElementType::F16;
  case ElementType::BF16:
    return launch::ElementType::BF16;
  case ElementType::F32:
    return launch::ElementType::F32;
  case ElementType::F64:
    return launch::ElementType::F64;
  case ElementType::I1: // one byte each on both sides
  case ElementType::I8:
  case ElementType::UI8:
    return launch::ElementType::I8;
  case ElementType::I16:
  case ElementType::UI16:
    return launch::ElementType::I16;
  case ElementType::I32:
  case ElementType::UI32:
    return launch::ElementType::I32;
  case ElementType::I64:
  case ElementType::UI64:
  case ElementType::Index:
    break;
  }
  return launch::ElementType::I64;
}

/// A tensor with the same elements in the same layout.
static llvm::Expected<HostTensor> copy(const HostTensor &tensor) {
  auto made = HostTensor::strided(tensor.getElementType(), tensor.getShape(), tensor.getStrides(), tensor.getOffset());
  if (made)
    std::memcpy(made->getStorage(), tensor.getStorage(), tensor.getStorageBytes());
  return made;
}

CudaInvocation::CudaInvocation(CudaInvocation &&other) noexcept
    : program(other.program), prepared(std::exchange(other.prepared, nullptr)), buffers(std::move(other.buffers)),
      arguments(std::move(other.arguments)), workspace(std::exchange(other.workspace, nullptr)),
      workspaceBytes(other.workspaceBytes) {
  other.buffers.clear();
}

CudaInvocation::~CudaInvocation() {
  // Nothing is left to do about what fails here.
  for (Buffer &buffer : buffers)
    if (buffer.device)
      foveaCudaFree(buffer.device);
  if (workspace)
    foveaCudaFree(workspace);
  if (prepared)
    foveaCudaReleaseProgram(prepared);
}

llvm::Error CudaInvocation::prepare() {
  std::vector<uint8_t> descriptor = launch::write(program->descriptor);
  std::vector<FoveaCudaImage> images;
  for (const std::string &image : program->images)
    images.push_back({image.data(), int64_t(image.size())});
  return check(foveaCudaPrepare(descriptor.data(), descriptor.size(), images.data(), images.size(), &prepared));
}

llvm::Error CudaInvocation::addTensor(HostTensor &&tensor) {
  Buffer &buffer = buffers.emplace_back(Buffer{std::move(tensor)});
  const HostTensor &host = buffer.host;
  if (llvm::Error error = check(foveaCudaAllocate(host.getStorageBytes(), &buffer.device)))
    return error;
  if (llvm::Error error = check(foveaCudaCopyToDevice(buffer.device, host.getStorage(), host.getStorageBytes())))
    return error;
  FoveaCudaArgument argument{};
  launch::ElementType type = getLaunchType(host.getElementType());
  argument.elementType = int(type);
  argument.rank = host.getRank();
  argument.data = static_cast<char *>(buffer.device) + host.getOffset() * byteSize(type);
  arguments.push_back(argument);
  return llvm::Error::success();
}

llvm::Error CudaInvocation::addScalar(const HostTensor &tensor, launch::ElementType type) {
  llvm::Expected<HostTensor> host = copy(tensor);
  if (!host)
    return host.takeError();
  FoveaCudaArgument argument{};
  argument.elementType = int(type);
  if (type == launch::ElementType::I64)
    argument.integer = host->getInt({});
  else
    argument.number = host->getDouble({});
  buffers.push_back({std::move(*host)});
  arguments.push_back(argument);
  return llvm::Error::success();
}

/// Makes the arguments beyond those `given`, which results are written to.
llvm::Error CudaInvocation::addResults(size_t given) {
  const launch::LaunchDescriptor &descriptor = program->descriptor;
  std::vector<FoveaCudaArgument> known = arguments;
  std::vector<int64_t> none(launch::maxRank);
  for (size_t i = given; i < descriptor.arguments.size(); ++i)
    known.push_back(
        {int(descriptor.arguments[i].type), descriptor.arguments[i].rank, nullptr, none.data(), none.data(), 0, 0});
  for (auto [number, result] : llvm::enumerate(descriptor.results)) {
    if (result.argument < given)
      continue;
    int64_t argument;
    llvm::SmallVector<int64_t> sizes(descriptor.arguments[result.argument].rank);
    if (llvm::Error error =
            check(foveaCudaGetResult(prepared, known.data(), known.size(), number, &argument, sizes.data())))
      return error;
    auto tensor = HostTensor::contiguous(getElementType(descriptor.arguments[argument].type), sizes);
    if (!tensor)
      return tensor.takeError();
    if (llvm::Error error = addTensor(std::move(*tensor)))
      return error;
  }
  return llvm::Error::success();
}

/// Poisoned, so that what a kernel reads before it is written shows.
llvm::Error CudaInvocation::makeWorkspace() {
  if (llvm::Error error = check(foveaCudaWorkspaceBytes(prepared, arguments.data(), arguments.size(), &workspaceBytes)))
    return error;
  if (workspaceBytes == 0)
    return llvm::Error::success();
  if (llvm::Error error = check(foveaCudaAllocate(workspaceBytes, &workspace)))
    return error;
  std::vector<char> poison(workspaceBytes, '\xff');
  return check(foveaCudaCopyToDevice(workspace, poison.data(), workspaceBytes));
}

llvm::Expected<CudaInvocation> CudaInvocation::create(const CudaProgram &program,
                                                      llvm::ArrayRef<HostTensor *> tensors) {
  CudaInvocation call(program);
  const std::vector<launch::Argument> &declared = program.descriptor.arguments;
  if (tensors.size() > declared.size())
    return llvm::createStringError("got %zu arguments, expected %zu", tensors.size(), declared.size());
  if (llvm::Error error = call.prepare())
    return error;
  call.buffers.reserve(declared.size());
  for (auto [tensor, argument] : llvm::zip(tensors, declared)) {
    if (!argument.isTensor) {
      if (llvm::Error error = call.addScalar(*tensor, argument.type))
        return error;
      continue;
    }
    llvm::Expected<HostTensor> host = copy(*tensor);
    if (!host)
      return host.takeError();
    if (llvm::Error error = call.addTensor(std::move(*host)))
      return error;
  }
  auto setShapes = [&] {
    for (auto [buffer, argument] : llvm::zip_equal(call.buffers, call.arguments)) {
      argument.sizes = buffer.host.getShape().data();
      argument.strides = buffer.host.getStrides().data();
    }
  };
  setShapes();
  if (llvm::Error error = call.addResults(tensors.size()))
    return error;
  setShapes();
  if (call.arguments.size() != declared.size())
    return llvm::createStringError("got %zu arguments, expected %zu", call.arguments.size(), declared.size());
  if (llvm::Error error = call.makeWorkspace())
    return error;
  return call;
}

llvm::Error CudaInvocation::launch() {
  return check(foveaCudaLaunch(prepared, arguments.data(), arguments.size(), workspace, workspaceBytes, nullptr));
}

llvm::Error CudaInvocation::run() {
  if (llvm::Error error = launch())
    return error;
  return check(foveaCudaSynchronize(nullptr));
}

namespace {

class Event {
public:
  static llvm::Expected<Event> create() {
    Event event;
    if (llvm::Error error = check(foveaCudaCreateEvent(&event.handle)))
      return error;
    return event;
  }
  Event(Event &&other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  ~Event() {
    if (handle)
      foveaCudaDestroyEvent(handle);
  }
  llvm::Error record() { return check(foveaCudaRecordEvent(handle, nullptr)); }
  llvm::Expected<double> secondsTo(Event &end) {
    double seconds = 0;
    if (llvm::Error error = check(foveaCudaElapsedSeconds(handle, end.handle, &seconds)))
      return error;
    return seconds;
  }

private:
  Event() = default;

  FoveaCudaEvent handle = nullptr;
};

} // namespace

llvm::Expected<std::vector<double>> CudaInvocation::measure(int64_t repeat) {
  llvm::Expected<Event> start = Event::create();
  if (!start)
    return start.takeError();
  llvm::Expected<Event> end = Event::create();
  if (!end)
    return end.takeError();
  auto time = [&](int64_t calls) -> llvm::Expected<double> {
    if (llvm::Error error = start->record())
      return error;
    for (int64_t i = 0; i < calls; ++i)
      if (llvm::Error error = launch())
        return error;
    if (llvm::Error error = end->record())
      return error;
    llvm::Expected<double> seconds = start->secondsTo(*end);
    if (!seconds)
      return seconds.takeError();
    return *seconds / double(calls);
  };
  llvm::Expected<double> once = time(1);
  if (!once)
    return once.takeError();
  constexpr double leastSeconds = 1e-3;
  int64_t calls = std::clamp<int64_t>(std::ceil(leastSeconds / std::max(*once, 1e-7)), 1, 200);
  std::vector<double> seconds;
  for (int64_t i = 0; i < repeat; ++i) {
    llvm::Expected<double> measured = time(calls);
    if (!measured)
      return measured.takeError();
    seconds.push_back(*measured);
  }
  return seconds;
}

llvm::Expected<llvm::SmallVector<HostTensor>> CudaInvocation::takeResults() {
  llvm::SmallVector<HostTensor> results;
  for (const launch::Result &result : program->descriptor.results) {
    Buffer &buffer = buffers[result.argument];
    HostTensor &host = buffer.host;
    if (llvm::Error error = check(foveaCudaCopyToHost(host.getStorage(), buffer.device, host.getStorageBytes())))
      return error;
    llvm::Expected<HostTensor> taken = copy(host);
    if (!taken)
      return taken.takeError();
    results.push_back(std::move(*taken));
  }
  return results;
}

llvm::Expected<std::vector<FoveaCudaPlannedKernel>> CudaInvocation::getKernels() const {
  std::vector<FoveaCudaPlannedKernel> kernels(launch::maxLaunches);
  int64_t count = 0;
  if (llvm::Error error =
          check(foveaCudaPlan(prepared, arguments.data(), arguments.size(), kernels.data(), kernels.size(), &count)))
    return error;
  kernels.resize(count);
  return kernels;
}
