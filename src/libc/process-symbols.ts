import type { Library } from './library.ts'

export type ProcessSymbols = ReturnType<typeof bindProcessSymbols>

/**
 * The functions of the C library that processes need, each with its C prototype and the type it has here.
 * @throws when the library lacks one of them
 */
export function bindProcessSymbols({ bind: f }: Library) {
  return {
    spawn: f<[Buffer, string, Buffer, Buffer, (string | null)[], (string | null)[]], number>(
      'int posix_spawn(void *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
    ),
    actionsInit: f<[Buffer], number>('int posix_spawn_file_actions_init(void *actions)'),
    actionsDestroy: f<[Buffer], number>('int posix_spawn_file_actions_destroy(void *actions)'),
    actionsAddOpen: f<[Buffer, number, string, number, number], number>(
      'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, uint mode)',
    ),
    actionsAddDup2: f<[Buffer, number, number], number>(
      'int posix_spawn_file_actions_adddup2(void *actions, int fd, int target)',
    ),
    actionsAddChdir: f<[Buffer, Buffer], number>(
      'int posix_spawn_file_actions_addchdir_np(void *actions, const void *path)',
    ),
    actionsAddCloseFrom: f<[Buffer, number], number>(
      'int posix_spawn_file_actions_addclosefrom_np(void *actions, int from)',
    ),
    attributesInit: f<[Buffer], number>('int posix_spawnattr_init(void *attributes)'),
    attributesSetFlags: f<[Buffer, number], number>('int posix_spawnattr_setflags(void *attributes, short flags)'),
    attributesSetSigDefault: f<[Buffer, Buffer], number>(
      'int posix_spawnattr_setsigdefault(void *attributes, void *set)',
    ),
    attributesSetSigMask: f<[Buffer, Buffer], number>('int posix_spawnattr_setsigmask(void *attributes, void *set)'),
    sigemptyset: f<[Buffer], number>('int sigemptyset(void *set)'),
    sigdelset: f<[Buffer, number], number>('int sigdelset(void *set, int signal)'),
    wait4: f<[number, Buffer, number, Buffer], number>('int wait4(int pid, void *status, int options, void *usage)'),
    pipe2: f<[Buffer, number], number>('int pipe2(void *pair, int flags)'),
    socketpair: f<[number, number, number, Buffer], number>(
      'int socketpair(int domain, int type, int protocol, void *pair)',
    ),
    openpt: f<[number], number>('int posix_openpt(int flags)'),
    grantpt: f<[number], number>('int grantpt(int fd)'),
    unlockpt: f<[number], number>('int unlockpt(int fd)'),
    ptsname: f<[number, Buffer, number], number>('int ptsname_r(int fd, void *name, size_t bytes)'),
    ioctl: f<[number, number, 'void *', Buffer], number>('int ioctl(int fd, ulong request, ...)'),
    dup3: f<[number, number, number], number>('int dup3(int fd, int target, int flags)'),
    read: f<[number, Buffer, number], number>('long read(int fd, void *into, size_t bytes)'),
    close: f<[number], number>('int close(int fd)'),
    access: f<[string, number], number>('int access(const char *path, int mode)'),
    kill: f<[number, number], number>('int kill(int pid, int signal)'),
    syscall: f<[number, ...unknown[]], number | bigint>('long syscall(long number, ...)'),
    prctl: f<[number, ...unknown[]], number>('int prctl(int op, ...)'),
    prlimit: f<[number, number, Buffer | null, Buffer | null], number>(
      'int prlimit(int pid, int resource, void *wanted, void *current)',
    ),
    epollCreate: f<[number], number>('int epoll_create1(int flags)'),
    epollCtl: f<[number, number, number, Buffer], number>(
      'int epoll_ctl(int poll, int operation, int fd, void *event)',
    ),
    epollWait: f<[number, Buffer, number, number], number>(
      'int epoll_wait(int poll, void *events, int count, int timeout)',
    ),
  }
}
