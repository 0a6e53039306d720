//===- NpyWriter.cpp - Writes NumPy's .npy files --------------------------===//
//
// Two phases: all contents go to temporary files, then the renames, which
// hardly fail. So a full disk leaves nothing, not even the first of two files.
//
//===----------------------------------------------------------------------===//

#include "NpyHeader.h"
#include "fovea/Execute/Npy.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace fovea;
using llvm::Error;
using llvm::StringRef;

namespace fs = llvm::sys::fs;

static Error cannotWrite(StringRef path, const llvm::Twine &reason) {
  return llvm::createStringError("cannot write '" + path + "': " + reason);
}

/// The type that `output` has in the file.
static ElementType getFileType(const NpyOutput &output) {
  ElementType type = output.tensor->getElementType();
  return type == ElementType::BF16 && !output.rawBF16 ? ElementType::F32 : type;
}

static void writeContents(const NpyOutput &output, llvm::raw_ostream &os) {
  const HostTensor &tensor = *output.tensor;
  ElementType fileType = getFileType(output);
  os << formatNpyHeader(fileType, tensor.getShape());
  char element[sizeof(double)];
  for (ElementCursor cursor(tensor); !cursor.atEnd(); cursor.advance()) {
    tensor.loadAt(cursor.getPosition()).store(fileType, element);
    os.write(element, getByteSize(fileType));
  }
}

/// Writes to the open file; it stays open.
static Error writeToDescriptor(const NpyOutput &output, int descriptor) {
  llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/false);
  writeContents(output, os);
  os.flush();
  std::error_code error = os.error();
  os.clear_error(); // Reported here; the destructor would abort.
  return error ? cannotWrite(output.path, error.message()) : Error::success();
}

/// True for what a rename would destroy rather than replace.
static bool isPipeOrDevice(const fs::file_status &status) {
  return llvm::is_contained(
      {fs::file_type::fifo_file, fs::file_type::character_file, fs::file_type::block_file, fs::file_type::socket_file},
      status.type());
}

static Error writeInPlace(const NpyOutput &output) {
  int descriptor;
  if (std::error_code error = fs::openFileForWrite(output.path, descriptor, fs::CD_OpenExisting, fs::OF_None))
    return cannotWrite(output.path, error.message());
  Error error = writeToDescriptor(output, descriptor);
  fs::file_t file = descriptor;
  if (std::error_code code = fs::closeFile(file); code && !error)
    error = cannotWrite(output.path, code.message());
  return error;
}

namespace {

/// A complete file that does not have its name yet.
struct StagedFile {
  fs::TempFile file;
  std::string path;
};

class Staging {
public:
  ~Staging() {
    for (StagedFile &staged : files)
      consumeError(staged.file.discard());
  }

  Error add(const NpyOutput &output) {
    std::string path = output.path;
    // A link is followed, as any writer does, not replaced.
    llvm::SmallString<128> target;
    if (!fs::real_path(path, target))
      path = target.str().str();
    llvm::Expected<fs::TempFile> temporary = fs::TempFile::create(path + ".tmp-%%%%%%");
    if (!temporary)
      return cannotWrite(output.path, toString(temporary.takeError()));
    files.push_back({std::move(*temporary), path});
    return writeToDescriptor(output, files.back().file.FD);
  }

  /// Renames all; on failure takes back what was renamed.
  Error commit() {
    llvm::SmallVector<std::string> done;
    while (!files.empty()) {
      StagedFile staged = std::move(files.back());
      files.pop_back();
      if (Error error = staged.file.keep(staged.path)) {
        consumeError(staged.file.discard());
        for (const std::string &path : done)
          fs::remove(path);
        return cannotWrite(staged.path, toString(std::move(error)));
      }
      done.push_back(staged.path);
    }
    return Error::success();
  }

private:
  std::vector<StagedFile> files;
};

} // namespace

Error fovea::writeNpy(llvm::ArrayRef<NpyOutput> outputs) {
  Staging staging;
  for (const NpyOutput &output : outputs) {
    fs::file_status status;
    bool exists = !fs::status(output.path, status);
    if (exists && fs::is_directory(status))
      return cannotWrite(output.path, "it is a directory");
    if (!(exists && isPipeOrDevice(status)))
      if (Error error = staging.add(output))
        return error;
  }
  for (const NpyOutput &output : outputs) {
    fs::file_status status;
    if (!fs::status(output.path, status) && isPipeOrDevice(status))
      if (Error error = writeInPlace(output))
        return error;
  }
  return staging.commit();
}
