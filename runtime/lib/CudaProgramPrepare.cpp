//===- CudaProgramPrepare.cpp - What is done before any arguments ---------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "CudaProgram.h"

#include "Error.h"
#include "LaunchEvaluation.h"

#include <algorithm>

using namespace fovea;
using namespace fovea::launch;

std::unique_ptr<CudaProgram> CudaProgram::prepare(const void *bytes, size_t size, const FoveaCudaImage *images,
                                                  int64_t imageCount) {
  // What is wrong with the descriptor is told even where there is no device.
  std::string error;
  std::optional<LaunchDescriptor> descriptor = read(bytes, size, error);
  if (descriptor)
    return prepare(std::move(*descriptor), images, imageCount);
  fail("%s", error.c_str());
  return nullptr;
}

std::unique_ptr<CudaProgram> CudaProgram::prepare(const void *bytes, size_t size) {
  std::string error;
  std::optional<Program> program = readProgram(bytes, size, error);
  if (!program) {
    fail("%s", error.c_str());
    return nullptr;
  }
  std::vector<FoveaCudaImage> images;
  for (const std::string &image : program->images)
    images.push_back({image.data(), int64_t(image.size())});
  return prepare(std::move(program->descriptor), images.data(), int64_t(images.size()));
}

std::unique_ptr<CudaProgram> CudaProgram::prepare(LaunchDescriptor descriptor, const FoveaCudaImage *images,
                                                  int64_t imageCount) {
  std::optional<CudaContext> context = CudaContext::current();
  int smCount = 0;
  if (!context || !context->getAttribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, smCount))
    return nullptr;
  std::unique_ptr<CudaProgram> program(new CudaProgram(*context));
  program->descriptor = std::move(descriptor);
  program->smCount = smCount;
  if (program->loadImages(images, imageCount) && program->findKernels())
    return program;
  appendLastError("; launch '%s'", program->descriptor.name.c_str());
  return nullptr;
}

bool CudaProgram::loadImages(const FoveaCudaImage *images, int64_t count) {
  if (count != descriptor.numImages)
    return fail("got %lld images, expected %u", (long long)count, descriptor.numImages);
  for (int64_t i = 0; i < count; ++i) {
    if (images[i].size < 0)
      return fail("image %lld: got a size of %lld bytes", (long long)i, (long long)images[i].size);
    CudaModule *module = CudaModule::load({static_cast<const char *>(images[i].bytes), size_t(images[i].size)});
    if (!module) {
      appendLastError("; image %lld", (long long)i);
      return false;
    }
    modules.push_back(module);
  }
  return true;
}

bool CudaProgram::releaseModules() {
  bool released = true;
  for (CudaModule *module : modules)
    released &= module->release();
  modules.clear();
  return released;
}

static size_t parameterSize(const KernelArgument &argument, const LaunchDescriptor &descriptor) {
  switch (argument.kind) {
  case KernelArgument::Kind::Scalar:
    return byteSize(descriptor.arguments[argument.index].type);
  case KernelArgument::Kind::F32:
    return 4;
  case KernelArgument::Kind::TensorMap:
    return sizeof(CUtensorMap);
  case KernelArgument::Kind::Pointer:
  case KernelArgument::Kind::Integer:
  case KernelArgument::Kind::F64:
    break;
  }
  return 8;
}

bool CudaProgram::findKernels() {
  LaunchEvaluation constants(descriptor, /*arguments=*/nullptr, smCount);
  for (const Variant &variant : descriptor.variants) {
    Kernels &found = kernels.emplace_back();
    for (const KernelLaunch &launch : variant.launches) {
      CudaKernel *kernel = modules[launch.image]->getKernel(launch.kernel);
      if (!kernel)
        return false;
      found.push_back(kernel);
      size_t sizes[maxKernelArguments];
      std::transform(launch.arguments.begin(), launch.arguments.end(), sizes,
                     [&](const KernelArgument &argument) { return parameterSize(argument, descriptor); });
      if (!kernel->checkParameters(sizes, launch.arguments.size()) || !allowLaunch(launch, *kernel, constants)) {
        appendLastError("; variant '%s'", variant.name.c_str());
        return false;
      }
    }
  }
  return true;
}

/// Allows what the launch will ask for, all that there is where that depends on
/// the arguments, and checks what does not depend on them.
bool CudaProgram::allowLaunch(const KernelLaunch &launch, CudaKernel &kernel, const LaunchEvaluation &constants) const {
  auto get = [&](ExpressionIndex index, int64_t unknown) {
    int64_t value;
    return constants.get(index, value) ? value : unknown;
  };
  FoveaCudaLaunchShape shape;
  int64_t clusterBlocks = 1;
  for (unsigned dim = 0; dim < 3; ++dim) {
    shape.block[dim] = get(launch.block[dim], 1);
    shape.cluster[dim] = get(launch.cluster[dim], 1);
    shape.grid[dim] = get(launch.grid[dim], shape.cluster[dim]);
    clusterBlocks *= std::clamp<int64_t>(get(launch.cluster[dim], maxClusterBlocks), 1, maxClusterBlocks);
  }
  shape.dynamicSharedBytes = get(launch.dynamicSharedBytes, kernel.maxDynamicSharedBytes());
  return kernel.allow(shape.dynamicSharedBytes, std::min(clusterBlocks, maxClusterBlocks)) && kernel.checkShape(shape);
}
