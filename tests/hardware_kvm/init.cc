// The first process of the test machine that scripts/hardware-kvm starts: a Linux inside QEMU's SVM emulation.
//
// It mounts what programs expect, loads the KVM modules, runs one command and hands the results back over serial
// ports, then restarts the machine, which ends QEMU:
//   ttyS0  the kernel's messages, and this program's own
//   ttyS1  the command's output, standard and error
//   ttyS2  "exit CODE", as a shell would see it: the sentinel. Without it the run did not come to its end
//   ttyS3  the bytes of the file that the job names as `fetch`, if it exists in the end
// The job is the file /job of the initramfs: NUL-terminated strings, first `fetch=PATH` or `NAME=VALUE` for the
// environment, then `--`, then the command with its arguments.
//
// It is static and has no shell beside it, so the initramfs holds nothing but what is tested.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

constexpr char kFetchPrefix[] = "fetch=";

struct Job {
  std::vector<std::string> environment;
  std::vector<std::string> command;
  std::string fetch;
};

void Complain(const std::string& what) { std::fprintf(stderr, "init: %s: %s\n", what.c_str(), std::strerror(errno)); }

Job ReadJob() {
  std::ifstream file("/job", std::ios::binary);
  Job job;
  bool in_command = false;
  for (std::string entry; std::getline(file, entry, '\0');) {
    if (in_command) {
      job.command.push_back(entry);
    } else if (entry == "--") {
      in_command = true;
    } else if (entry.starts_with(kFetchPrefix)) {
      job.fetch = entry.substr(sizeof(kFetchPrefix) - 1);
    } else {
      job.environment.push_back(entry);
    }
  }
  return job;
}

void MountAt(const char* type, const char* where, const char* options = nullptr) {
  mkdir(where, 0755);
  if (mount(type, where, type, 0, options) != 0) Complain(std::string("mounting ") + where);
}

void MountAll() {
  MountAt("devtmpfs", "/dev");
  MountAt("devpts", "/dev/pts", "ptmxmode=0666");
  MountAt("proc", "/proc");
  MountAt("sysfs", "/sys");
  MountAt("tmpfs", "/dev/shm");
}

// The driver script numbered the modules in the order in which they depend on each other.
void LoadModules() {
  std::vector<std::string> names;
  if (DIR* folder = opendir("/modules")) {
    while (const dirent* entry = readdir(folder)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    closedir(folder);
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const int fd = open(("/modules/" + name).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0) Complain("loading " + name);
    if (fd >= 0) close(fd);
  }
}

// A serial port that passes bytes on as they are: no echo, no end-of-line translation.
int OpenRawPort(const char* path) {
  const int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  termios settings{};
  if (fd < 0 || tcgetattr(fd, &settings) != 0) {
    Complain(path);
    return fd;
  }
  cfmakeraw(&settings);
  cfsetspeed(&settings, B115200);
  settings.c_cflag |= CLOCAL;
  tcsetattr(fd, TCSANOW, &settings);
  return fd;
}

void WriteAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = write(fd, data, size);
    if (written <= 0) return;
    data += written;
    size -= static_cast<size_t>(written);
  }
}

[[noreturn]] void RunCommand(const Job& job, int output) {
  setsid();
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  for (const std::string& variable : job.environment) putenv(const_cast<char*>(variable.c_str()));
  std::vector<char*> arguments;
  for (const std::string& argument : job.command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  std::fprintf(stderr, "init: cannot run '%s': %s\n", arguments[0], std::strerror(errno));
  _exit(127);
}

// As the first process it inherits all orphans and has to reap them as well.
int WaitFor(pid_t child) {
  for (;;) {
    int status = 0;
    const pid_t ended = wait(&status);
    if (ended < 0 && errno == ECHILD) return 127;
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

void SendFile(const std::string& path, int port) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return;
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  WriteAll(port, content.data(), content.size());
  tcdrain(port);
}

}  // namespace

int main() {
  MountAll();
  LoadModules();
  const Job job = ReadJob();
  const int output = OpenRawPort("/dev/ttyS1");
  const int result = OpenRawPort("/dev/ttyS2");
  const int fetched = OpenRawPort("/dev/ttyS3");
  const pid_t child = fork();
  if (child == 0) RunCommand(job, output);
  const int code = child < 0 ? 127 : WaitFor(child);
  tcdrain(output);
  if (!job.fetch.empty()) SendFile(job.fetch, fetched);
  const std::string sentinel = "exit " + std::to_string(code) + "\n";
  WriteAll(result, sentinel.data(), sentinel.size());
  tcdrain(result);
  sync();
  reboot(RB_AUTOBOOT);
}
