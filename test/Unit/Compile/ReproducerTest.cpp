//===- ReproducerTest.cpp - What a failure leaves -------------------------===//

#include "fovea/Compile/Reproducer.h"
#include "../Execute/TemporaryFolder.h"
#include "fovea/Compile/SourceFile.h"

#include "mlir/Pass/Pass.h"
#include "llvm/Support/MemoryBuffer.h"

#include "gtest/gtest.h"

#include <cstdlib>

using namespace fovea;

namespace {

struct CrashingPass : mlir::PassWrapper<CrashingPass, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CrashingPass)
  llvm::StringRef getArgument() const override { return "crash"; }
  void runOnOperation() override { *static_cast<volatile int *>(nullptr) = 0; }
};

class ReproducerTest : public testing::Test {
protected:
  void use(const std::string &path) { setenv("FOVEA_REPRODUCER_DIR", path.c_str(), /*overwrite=*/1); }
  ~ReproducerTest() override { unsetenv("FOVEA_REPRODUCER_DIR"); }

  std::string read(const std::string &path) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : "<none>";
  }

  TemporaryFolder folder;
};

TEST_F(ReproducerTest, NothingIsWrittenUnlessAskedFor) {
  Reproducer reproducer("test");
  EXPECT_FALSE(reproducer.isWanted());
  reproducer.addFile("a", "b");
  EXPECT_EQ(reproducer.keep("failed"), "");
  EXPECT_EQ(llvm::toString(reproducer.keep(llvm::createStringError("failed"))), "failed");
}

// Two failures at the same time in one process get two folders.
TEST_F(ReproducerTest, EveryFailureHasItsFolder) {
  use(folder.path("kept"));
  Reproducer first("test"), second("test");
  first.setCommand({"tool", "it's", "$HOME"});
  EXPECT_EQ(first.keep("failed").rfind("reproducer: ", 0), 0u);
  second.keep("failed");
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(folder.path("kept"), error), end; it != end; it.increment(error))
    names.push_back(it->path());
  ASSERT_EQ(names.size(), 2u);
  std::string command = read(names[0] + "/command");
  if (command == "<none>")
    command = read(names[1] + "/command");
  EXPECT_NE(command.find("exec tool 'it'\\''s' '$HOME'\n"), std::string::npos) << command;
  EXPECT_EQ(read(names[0] + "/message.txt"), "failed\n");
}

// A crash of a pass is a failure of its pipeline, and the folder has the module as it was before.
TEST_F(ReproducerTest, PassThatCrashes) {
  use(folder.path("kept"));
  SourceFile file;
  ASSERT_FALSE(static_cast<bool>(file.parse("func.func @f() { return }", "f.mlir")));
  Reproducer reproducer("test");
  mlir::PassManager passes(&file.context);
  passes.addPass(std::make_unique<CrashingPass>());
  reproducer.watch(passes);
  EXPECT_TRUE(failed(passes.run(*file.module)));
  std::string line = reproducer.keep("crashed");
  llvm::StringRef path = line;
  ASSERT_TRUE(path.consume_front("reproducer: ") && path.consume_back("/command")) << line;
  std::string pipeline = read((path + "/pipeline.mlir").str());
  EXPECT_NE(pipeline.find("func.func @f()"), std::string::npos);
  EXPECT_NE(pipeline.find("pipeline: \"builtin.module(crash)\""), std::string::npos) << pipeline;
  EXPECT_NE(read((path + "/command-pipeline").str()).find("fovea-opt --run-reproducer pipeline.mlir"),
            std::string::npos);
}

// What is written in advance has a name that nobody takes for a folder that is complete, and goes without a crash.
TEST_F(ReproducerTest, PreparedForCrash) {
  use(folder.path(""));
  {
    Reproducer reproducer("test");
    reproducer.prepareForCrash();
    ASSERT_EQ(folder.list().size(), 1u);
    EXPECT_EQ(folder.list().front().rfind(".incomplete", 0), 0u);
  }
  EXPECT_TRUE(folder.list().empty());
  Reproducer reproducer("test");
  reproducer.addFile("input.mlir", "module");
  reproducer.prepareForCrash();
  Reproducer::keepAfterCrash(nullptr);
  ASSERT_EQ(folder.list().size(), 1u);
  EXPECT_EQ(folder.list().front().rfind("test-", 0), 0u);
  EXPECT_EQ(read(folder.path(folder.list().front() + "/input.mlir")), "module");
}

} // namespace
