//===- runtime-smoke.cpp - The runtime on a real device -------------------===//
//
// Part of the Fovea project. Launches a vector addition as a single kernel, and
// a copy through tensor maps by a launch descriptor; checks every element, and
// that mistakes are refused. Run by runtime-smoke.sh.
//
//===----------------------------------------------------------------------===//

#include "fovea/LaunchExpressions.h"
#include "fovea/cuda.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace fovea::launch;

/// Ends the program unless a call into the runtime succeeded.
static void require(int status, const char *what) {
  if (status == 0)
    return;
  std::printf("FAILED: %s: %s\n", what, foveaGetLastError());
  std::exit(1);
}

static void expect(bool holds, const char *what) {
  if (holds)
    return;
  std::printf("FAILED: %s (last error: %s)\n", what, foveaGetLastError());
  std::exit(1);
}

static std::string readFile(const char *path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  expect(!text.empty(), path);
  return text;
}

/// Device memory with the content of a vector.
static void *upload(const std::vector<float> &values) {
  void *address = nullptr;
  int64_t bytes = values.size() * sizeof(float);
  require(foveaCudaAllocate(bytes, &address), "allocate");
  require(foveaCudaCopyToDevice(address, values.data(), bytes), "upload");
  return address;
}

static std::vector<float> download(const void *address, size_t count) {
  std::vector<float> values(count);
  require(foveaCudaSynchronize(nullptr), "synchronize");
  require(foveaCudaCopyToHost(values.data(), address, count * sizeof(float)), "download");
  return values;
}

static std::vector<float> count(size_t size, float step) {
  std::vector<float> values(size);
  for (size_t i = 0; i < size; ++i)
    values[i] = step * float(i % 65536);
  return values;
}

static void testVectorAdd(const std::string &ptx) {
  auto start = std::chrono::steady_clock::now();
  FoveaCudaModule *module = nullptr;
  require(foveaCudaLoadModule(ptx.data(), ptx.size(), &module), "load PTX");
  std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
  FoveaCudaKernel *kernel = nullptr;
  require(foveaCudaGetKernel(module, "vector_add", &kernel), "find kernel");
  FoveaCudaKernelAttributes attributes;
  require(foveaCudaGetKernelAttributes(kernel, &attributes), "attributes");
  std::printf("vector_add: loaded in %.1f ms, %d registers, %lld local bytes, "
              "at most %d threads\n",
              taken.count(), attributes.registers, (long long)attributes.localBytes, attributes.maxThreadsPerBlock);

  int64_t n = 1000003;
  std::vector<float> a = count(n, 1), b = count(n, 0.5f);
  void *deviceA = upload(a), *deviceB = upload(b), *deviceC = upload(std::vector<float>(n + 64, -1));
  FoveaCudaLaunchShape shape = {{(n + 255) / 256, 1, 1}, {256, 1, 1}, {1, 1, 1}, 0};
  void *arguments[] = {&deviceA, &deviceB, &deviceC, &n};
  require(foveaCudaLaunchKernel(kernel, &shape, arguments, nullptr), "launch");
  std::vector<float> c = download(deviceC, n + 64);
  for (int64_t i = 0; i < n + 64; ++i)
    expect(c[i] == (i < n ? a[i] + b[i] : -1), "vector_add's result");

  shape.grid[1] = 65536;
  expect(foveaCudaLaunchKernel(kernel, &shape, arguments, nullptr) != 0, "a grid beyond the limit is refused");
  for (void *address : {deviceA, deviceB, deviceC})
    require(foveaCudaFree(address), "free");
  require(foveaCudaReleaseModule(module), "release module");
}

/// Copies `from` to `to`, (rows, columns) f32 with any row stride, by tiles.
static LaunchDescriptor copyLaunch() {
  LaunchDescriptor descriptor;
  descriptor.name = "copy";
  descriptor.arguments = {{"from", true, ElementType::F32, 2}, {"to", true, ElementType::F32, 2}};
  ExpressionBuilder builder(descriptor);
  ExpressionIndex one = builder.constant(1);
  auto tilesOf = [&](unsigned dim, int64_t tile) {
    return builder.binary(Operation::CeilDiv, builder.size(0, dim), builder.constant(tile));
  };
  Variant variant;
  variant.name = "tma";
  KernelLaunch launch;
  launch.kernel = "tma_copy";
  launch.grid = {tilesOf(1, 32), tilesOf(0, 256), one};
  launch.block = {builder.constant(128), one, one};
  launch.cluster = {one, one, one};
  launch.dynamicSharedBytes = builder.constant(65536 + 32768);
  for (uint32_t argument = 0; argument < 2; ++argument) {
    TensorMap map;
    map.buffer = {Buffer::Kind::Argument, argument};
    map.type = ElementType::F32;
    map.swizzle = TensorMap::Swizzle::Bytes128;
    map.sizes = {builder.size(argument, 1), builder.size(argument, 0)};
    map.strides = {builder.binary(Operation::Mul, builder.stride(argument, 0), builder.constant(4))};
    map.box = {32, 256};
    variant.tensorMaps.push_back(map);
    launch.arguments.push_back({KernelArgument::Kind::TensorMap, {}, argument, 0});
    variant.guards.push_back(
        {builder.binary(Operation::Equal,
                        builder.binary(Operation::FloorMod, builder.address(argument), builder.constant(16)),
                        builder.constant(0)),
         "the address is a multiple of 16"});
  }
  variant.launches = {launch};
  descriptor.variants = {variant};
  return descriptor;
}

static void testTmaCopy(const std::string &ptx) {
  std::vector<uint8_t> descriptor = write(copyLaunch());
  FoveaCudaImage image = {ptx.data(), int64_t(ptx.size())};
  FoveaCudaProgram *program = nullptr;
  require(foveaCudaPrepare(descriptor.data(), descriptor.size(), &image, 1, &program), "prepare");
  // Neither rows nor columns are whole tiles, and the rows are padded.
  int64_t sizes[] = {1000, 100}, strides[] = {104, 1};
  std::vector<float> from = count(1000 * 104, 1);
  void *deviceFrom = upload(from), *deviceTo = upload(std::vector<float>(from.size(), -1));
  FoveaCudaArgument arguments[] = {{FOVEA_F32, 2, deviceFrom, sizes, strides, 0, 0},
                                   {FOVEA_F32, 2, deviceTo, sizes, strides, 0, 0}};
  require(foveaCudaLaunch(program, arguments, 2, nullptr, 0, nullptr), "copy");
  std::vector<float> to = download(deviceTo, from.size());
  for (size_t i = 0; i < to.size(); ++i)
    expect(to[i] == (i % 104 < 100 ? from[i] : -1), "tma_copy's result");

  const int64_t calls = 10000;
  auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < calls; ++i)
    require(foveaCudaLaunch(program, arguments, 2, nullptr, 0, nullptr), "copy");
  std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
  require(foveaCudaSynchronize(nullptr), "synchronize");
  std::printf("tma_copy: a launch with two tensor maps takes the host %.1f us\n", taken.count() / calls);

  arguments[0].data = static_cast<char *>(deviceFrom) + 4;
  expect(foveaCudaLaunch(program, arguments, 2, nullptr, 0, nullptr) != 0 &&
             std::strstr(foveaGetLastError(), "multiple of 16"),
         "an address that TMA cannot take is refused");
  sizes[0] = 0;
  arguments[0].data = deviceFrom;
  require(foveaCudaLaunch(program, arguments, 2, nullptr, 0, nullptr), "empty");
  require(foveaCudaFree(deviceFrom), "free");
  require(foveaCudaFree(deviceTo), "free");
  require(foveaCudaReleaseProgram(program), "release program");
}

static void testBadPtx() {
  std::string ptx = ".version 8.0\n.target sm_90a\n.address_size 64\n"
                    ".visible .entry bad() { no.such.instruction; }\n";
  FoveaCudaModule *module = nullptr;
  expect(foveaCudaLoadModule(ptx.data(), ptx.size(), &module) != 0, "bad PTX is refused");
  std::printf("bad PTX: %s\n", foveaGetLastError());
  expect(std::strstr(foveaGetLastError(), "line 4"), "the assembler's log is in the error");
}

int main(int argc, char **argv) {
  if (argc != 3) {
    std::printf("usage: runtime-smoke vector-add.ptx tma-copy.ptx\n");
    return 2;
  }
  expect(foveaCudaAvailable(), "CUDA is available");
  require(foveaCudaSetDevice(0), "set device");
  FoveaCudaDevice device;
  require(foveaCudaGetDevice(&device), "get device");
  std::printf("%s, compute capability %d, %d SMs, %lld bytes of shared "
              "memory\n",
              device.name, device.computeCapability, device.smCount, (long long)device.maxSharedBytes);
  testVectorAdd(readFile(argv[1]));
  testTmaCopy(readFile(argv[2]));
  testBadPtx();
  return 0;
}
