import { statfs } from 'node:fs/promises'

/** File systems that tell nobody what happens to them: made up by the kernel, or changed from elsewhere. statfs(2) */
const silent = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x63677270, // cgroup2
  0x27e0eb, // cgroup
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x73636673, // securityfs
  0x6969, // nfs
  0xff534d42, // cifs
  0xfe534d42, // smb2
  0x01021997, // 9p
  0x65735546, // fuse
])

/** Whether a directory cannot be watched for changes. */
export async function isSilent(directory: Buffer): Promise<boolean> {
  return silent.has((await statfs(directory)).type)
}
