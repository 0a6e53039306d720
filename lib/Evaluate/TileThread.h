//===- TileThread.h - A thread of control of a block ------------*- C++ -*-===//
//
// The whole block before there are roles; then a producer, or a warpgroup of a consumer. It stops where it must wait
// and is asked to run on later, so that all threads of a kernel are run by one.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_TILETHREAD_H
#define FOVEA_LIB_EVALUATE_TILETHREAD_H

#include "TileArithmetic.h"
#include "TileBlock.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <unordered_map>

namespace fovea::tiles {

class TileThread {
public:
  /// Of the kernel's own program.
  explicit TileThread(TileBlock &block);
  /// Of a role's. `warpgroup`: of `numWarpgroups` in the role.
  TileThread(TileBlock &block, TileThread &parent, mlir::Region &program, mlir::cta::Role role, int64_t warpgroup,
             int64_t numWarpgroups);

  bool isFinished() const { return stack.empty(); }
  /// Executes at most `budget` ops. False if not one could be.
  llvm::Expected<bool> run(int64_t budget);

  /// `consumer 1`.
  const std::string &getName() const { return name; }
  /// While it waits: on which op, and for what; null and empty otherwise.
  mlir::Operation *getWaitingOp() const { return waitingOp; }
  const std::string &getWaitedFor() const { return waitedFor; }
  /// What it has left behind at its end.
  llvm::Error checkEnd() const;

  /// How long its turns are; the block's to decide.
  enum class Pace { Stalled, Slow, Fast } pace = Pace::Fast;

private:
  /// Whether the op was executed; if not, the thread waits.
  using Done = llvm::Expected<bool>;

  //===--------------------------------------------------------------------===//
  // Control flow (TileThread.cpp)
  //===--------------------------------------------------------------------===//

  /// A block that is being executed, of a loop with its index.
  struct Activation {
    Activation() : block(nullptr), index(0), upper(0), step(0) {}

    mlir::Block *block;
    mlir::Block::iterator next;
    int64_t index, upper, step;
  };
  using Values = llvm::SmallVector<TileValue>;

  Done step();
  void push(mlir::Block &block, const Values &arguments, Activation loop = Activation());
  llvm::Error enter(mlir::Operation *op);
  llvm::Error leave(mlir::Operation *terminator);
  void finishParent(const Values &results);
  Values getOperands(mlir::OperandRange operands);
  Done wait(mlir::Operation *op, std::string what);

  //===--------------------------------------------------------------------===//
  // Values
  //===--------------------------------------------------------------------===//

  void set(mlir::Value value, TileValue datum) {
    values.insert_or_assign(value.getAsOpaquePointer(), std::move(datum));
  }
  const TileValue &get(mlir::Value value);
  template <typename T> const T &getAs(mlir::Value value) { return std::get<T>(get(value)); }
  int64_t getInteger(mlir::Value value) { return getAs<Number>(value).integer; }
  const RegisterTileRef &getTile(mlir::Value value) { return getAs<RegisterTileRef>(value); }
  llvm::SmallVector<int64_t> getIntegers(mlir::ValueRange range) {
    return llvm::map_to_vector(range, [&](mlir::Value value) { return getInteger(value); });
  }
  /// An absent predicate is true.
  bool isOn(mlir::Value predicate) { return !predicate || getInteger(predicate); }
  llvm::Expected<llvm::ArrayRef<int64_t>> getRows(mlir::Operation *op, mlir::Type type);
  /// A tile of the rows that the thread holds, without contents.
  llvm::Expected<std::shared_ptr<RegisterTile>> makeTile(mlir::Operation *op, mlir::RankedTensorType type);

  //===--------------------------------------------------------------------===//
  // Ops
  //===--------------------------------------------------------------------===//

  Done execute(mlir::Operation *op);
  // TileThreadRegisters.cpp
  llvm::Error executeRegisterOp(mlir::Operation *op);
  llvm::Error executeConstant(mlir::arith::ConstantOp op);
  llvm::Error executePoison(mlir::Operation *op);
  llvm::Error executeIota(mlir::cta::IotaOp op);
  llvm::Error executeReduce(mlir::cta::ReduceOp op);
  llvm::Error executeBroadcast(mlir::cta::BroadcastOp op);
  llvm::Error executeSplat(mlir::cta::SplatOp op);
  llvm::Error executeConvertLayout(mlir::cta::ConvertLayoutOp op);
  // TileThreadMemory.cpp
  Done executeMemoryOp(mlir::Operation *op);
  llvm::Error executeLoad(mlir::cta::LoadOp op);
  llvm::Error executeTmaLoad(mlir::cta::TmaLoadOp op);
  llvm::Error executeRead(mlir::cta::ReadOp op);
  llvm::Error executeGather(mlir::cta::GatherOp op);
  llvm::Error executeWrite(mlir::cta::WriteOp op);
  llvm::Error executeStore(mlir::cta::StoreOp op);
  void executeMemrefLoad(mlir::memref::LoadOp op);
  llvm::Error executeTileIndex(mlir::cta::TileIndexOp op);
  void executeNextTile(mlir::cta::NextTileOp op);
  void executeResetCounter(mlir::cta::ResetCounterOp op);
  // TileThreadProducts.cpp
  llvm::Error executeDot(mlir::cta::DotOp op);
  llvm::Error executeDotAsync(mlir::cta::DotAsyncOp op);
  llvm::Error executeDotWait(mlir::cta::DotWaitOp op);
  llvm::Expected<std::shared_ptr<Product>> multiplyTiles(mlir::Operation *op, mlir::Value a, mlir::Value b,
                                                         mlir::Value acc, bool transposeB, mlir::Type type);
  void complete(Product &product);
  /// Rule 1: operands of running products are not touched.
  llvm::Error checkTouched(mlir::Operation *op);
  // TileThreadSynchronization.cpp
  Done executeSynchronization(mlir::Operation *op);
  Done executeChannelOp(mlir::Operation *op);
  Done executeBarrierOp(mlir::Operation *op);
  Done executeNamedBarrier(mlir::cta::NamedBarrierOp op);
  Done executeSection(mlir::Operation *op);

  TileBlock &block;
  TileThread *parent = nullptr;
  std::string name;
  mlir::cta::Role role = mlir::cta::Role::Consumer;
  RowOwnership &ownership;
  /// By the value's pointer; references to what it holds stay valid.
  std::unordered_map<void *, TileValue> values;
  llvm::SmallVector<Activation> stack;

  mlir::Operation *waitingOp = nullptr;
  std::string waitedFor;
  /// Of a barrier or of roles: what it waits for has begun.
  std::optional<int64_t> waitToken;
  bool isInSection = false;
  /// By the op that was executed last.
  bool hasSignalled = false;

  std::vector<std::shared_ptr<Product>> running;
  int64_t numProducts = 0;
};

} // namespace fovea::tiles

#endif // FOVEA_LIB_EVALUATE_TILETHREAD_H
