//===- KernelLaunch.cpp - All blocks of a kernel --------------------------===//
//
// As many blocks as the machine holds run at a time, and a new one begins when one has ended.
//
//===----------------------------------------------------------------------===//

#include "KernelLaunch.h"
#include "TileBlock.h"

#include <cstring>

using namespace mlir;
using namespace fovea;
using namespace fovea::tiles;

uint64_t Random::below(uint64_t bound) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return (z ^ z >> 31) % bound;
}

void Notes::add(Operation *op, const Twine &message) {
  std::string text = message.str();
  if (seen.insert({op, text}).second)
    texts.push_back(toString(evaluator::makeError(op, text)));
}

llvm::Expected<KernelLaunch> KernelLaunch::create(cta::LaunchOp op, const TileInterpreterOptions &options,
                                                  Notes &notes) {
  auto kernel = SymbolTable::lookupNearestSymbolFrom<gpu::GPUFuncOp>(op, op.getKernelAttr());
  if (!kernel)
    return evaluator::makeError(op, "launches what is no gpu.func (any more)");
  if (!kernel.getBody().hasOneBlock())
    return evaluator::makeError(kernel, "has branches between blocks; the tile interpreter takes structured control "
                                        "flow");
  if (options.multiprocessors < 1)
    return llvm::createStringError("a machine has at least one multiprocessor, got " + Twine(options.multiprocessors));
  return KernelLaunch(kernel, options, notes);
}

llvm::Error KernelLaunch::addWorkspaces() {
  for (unsigned i = arguments.size(), e = kernel.getNumArguments(); i != e; ++i) {
    auto workspace = kernel.getArgAttrOfType<cta::WorkspaceAttr>(i, cta::CtaDialect::getWorkspaceAttrName());
    auto type = dyn_cast<MemRefType>(kernel.getArgument(i).getType());
    std::optional<ElementType> element = evaluator::getElementType(kernel.getArgument(i).getType());
    if (!workspace || !type || !type.hasStaticShape() || !element)
      return evaluator::makeError(kernel, "has an argument " + Twine(i) + " that the launch does not pass");
    llvm::Expected<HostTensor> tensor = HostTensor::contiguous(*element, type.getShape());
    if (!tensor)
      return tensor.takeError();
    if (workspace.getZero())
      std::memset(tensor->getStorage(), 0, tensor->getStorageBytes());
    workspaces.push_back(std::make_unique<HostTensor>(std::move(*tensor)));
    arguments.push_back(workspaces.back().get());
  }
  return llvm::Error::success();
}

int64_t KernelLaunch::getResidentBlocks() const {
  auto schedule = kernel->getAttrOfType<cta::ScheduleAttr>(cta::CtaDialect::getScheduleAttrName());
  return options.multiprocessors * (schedule ? schedule.getBlocksPerSm() : 1);
}

llvm::Error KernelLaunch::run(std::vector<TileValue> given, SmallVector<int64_t> extents) {
  arguments = std::move(given);
  tileExtents = std::move(extents);
  for (int64_t extent : tileExtents)
    arguments.push_back(Number::of(extent));
  if (llvm::Error error = addWorkspaces())
    return error;
  numBlocks = 1;
  for (int64_t extent : tileExtents)
    numBlocks *= std::max<int64_t>(extent, 0);
  int64_t resident = getResidentBlocks();
  auto schedule = kernel->getAttrOfType<cta::ScheduleAttr>(cta::CtaDialect::getScheduleAttrName());
  bool persists = schedule && schedule.getScheduler() != cta::Scheduler::Grid && TileBlock::choosesTiles(kernel);
  if (persists)
    numBlocks = std::min(numBlocks, resident);

  SmallVector<std::unique_ptr<TileBlock>> blocks;
  int64_t next = 0;
  while (next != numBlocks || !blocks.empty()) {
    for (; next != numBlocks && int64_t(blocks.size()) < resident; ++next)
      blocks.push_back(std::make_unique<TileBlock>(*this, next));
    bool progressed = false;
    for (std::unique_ptr<TileBlock> &block : blocks) {
      llvm::Expected<bool> advanced = block->advance();
      if (!advanced)
        return advanced.takeError();
      progressed |= *advanced;
    }
    if (!progressed)
      return blocks.front()->makeStuckError();
    for (std::unique_ptr<TileBlock> &block : blocks)
      if (block->isFinished())
        if (llvm::Error error = block->checkEnd())
          return error;
    llvm::erase_if(blocks, [](const std::unique_ptr<TileBlock> &block) { return block->isFinished(); });
  }
  return checkWorkspaces();
}

llvm::Error KernelLaunch::checkWorkspaces() {
  for (const TileValue &argument : ArrayRef<TileValue>(arguments).take_back(workspaces.size())) {
    const HostTensor &tensor = *std::get<HostTensor *>(argument);
    unsigned number = &argument - arguments.data();
    auto workspace = kernel.getArgAttrOfType<cta::WorkspaceAttr>(number, cta::CtaDialect::getWorkspaceAttrName());
    const char *bytes = static_cast<const char *>(tensor.getStorage());
    if (workspace.getZero() &&
        !llvm::all_of(ArrayRef<char>(bytes, tensor.getStorageBytes()), [](char byte) { return byte == 0; }))
      return evaluator::makeError(kernel, "leaves other than zero in its argument " + Twine(number) +
                                              ", which the next launch expects to be zero");
  }
  return llvm::Error::success();
}
