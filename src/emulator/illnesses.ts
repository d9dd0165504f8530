/**
 * Machines that fail to boot properly: what their serial console shows, what their agent reports, and how their create
 * fails. The logs are our own, with the phrases by which the guides of cloud-init, WALinuxAgent, dracut and systemd
 * identify each fault.
 */

export type IllnessName =
  | "missing-datasource"
  | "metadata-unreachable"
  | "no-network-interface"
  | "absent-disk"
  | "damaged-file-system"
  | "root-disk-not-found"
  | "kernel-panic"
  | "disk-full"
  | "not-generalized"
  | "silent-agent"
  | "windows-first-boot";

export interface Illness {
  readonly osType: "Linux" | "Windows";
  /** Whether the create fails with OSProvisioningTimedOut. */
  readonly failsCreate: boolean;
  readonly agent: AgentReport;
  /** Lines of the last boot, after the first ones of firmware and kernel. */
  readonly console: readonly string[];
}

/**
 * - `ready`: reports.
 * - `never`: has not reported since the start.
 * - `notPopulated`: the host has an empty place for its report.
 * - `unresponsive`: reported, then stopped.
 */
export type AgentReport = "ready" | "never" | "notPopulated" | "unresponsive";

const green = "[\u001b[0;32m  OK  \u001b[0m]";
const red = "[\u001b[0;1;31mFAILED\u001b[0m]";
const yellow = "[\u001b[0;1;38;5;185mDEPEND\u001b[0m]";

const healthyLinux = [
  `${green} Reached target \u001b[0;1;39mnetwork-online.target\u001b[0m - Network is Online.`,
  "[   11.204611] cloud-init[612]: Cloud-init v. 24.4 running 'init' at Mon, 05 Jan 2026 08:00:11 +0000. Up 11.18 seconds.",
  "[   14.730022] cloud-init[803]: Cloud-init v. 24.4 finished at Mon, 05 Jan 2026 08:00:14 +0000. Datasource DataSourceAzure [seed=/dev/sr0].",
  `${green} Started \u001b[0;1;39mwalinuxagent.service\u001b[0m - Azure Linux Agent.`,
  "",
  "Ubuntu 24.04.1 LTS web ttyS0",
  "",
  "web login: ",
];

const linux = (console: readonly string[], more: Partial<Illness> = {}): Illness => ({
  osType: "Linux",
  failsCreate: true,
  agent: "never",
  console,
  ...more,
});

export const healthy: Illness = linux(healthyLinux, { failsCreate: false, agent: "ready" });

export const illnesses: Readonly<Record<IllnessName, Illness>> = {
  /** The image cannot read the disc with its provisioning data. */
  "missing-datasource": linux([
    "[   10.902113] cloud-init[598]: Cloud-init v. 24.4 running 'init-local' at Mon, 05 Jan 2026 08:00:10 +0000.",
    "[   10.961870] ISO 9660 Extensions: not available; mount: /run/cloud-init/tmp: unknown filesystem type 'udf'.",
    "[   11.020533] cloud-init[598]: DataSourceAzure.py[WARNING]: /dev/sr0 was not mountable",
    "[   41.336207] cloud-init[598]: util.py[WARNING]: No instance datasource found! Likely bad things to come!",
    "[   41.402190] cloud-init[598]: cc_final_message.py[WARNING]: Used fallback datasource",
    "",
    "localhost login: ",
  ]),
  /** The metadata service cannot be reached from the guest. */
  "metadata-unreachable": linux([
    "[   10.902113] cloud-init[598]: Cloud-init v. 24.4 running 'init-local' at Mon, 05 Jan 2026 08:00:10 +0000.",
    "[  312.118402] cloud-init[598]: azure.py[ERROR]: Azure datasource failure occurred: connection timeout querying IMDS",
    "[  312.120044] cloud-init[598]: azure.py[ERROR]: result=error|reason=connection timeout querying IMDS|agent=Cloud-Init/24.4|url=http://169.254.169.254/metadata/instance|vm_id=00000000-0000-0000-0000-000000000007|timestamp=2026-01-05T08:05:12+00:00|documentation_url=https://aka.ms/linuxprovisioningerror",
  ]),
  /** The network driver is missing in the image. */
  "no-network-interface": linux([
    "[   10.902113] cloud-init[598]: Cloud-init v. 24.4 running 'init-local' at Mon, 05 Jan 2026 08:00:10 +0000.",
    "[   71.554120] cloud-init[598]: azure.py[WARNING]: Interface not found for DHCP",
    "[  251.760031] cloud-init[598]: azure.py[ERROR]: Azure datasource failure occurred: failure to find DHCP interface",
    "[  251.761422] cloud-init[598]: azure.py[ERROR]: result=error|reason=failure to find DHCP interface|agent=Cloud-Init/24.4|duration=240.02|vm_id=00000000-0000-0000-0000-000000000007|timestamp=2026-01-05T08:04:11+00:00|documentation_url=https://aka.ms/linuxprovisioningerror",
  ]),
  /** `/etc/fstab` names a disk that is not attached. */
  "absent-disk": linux([
    "[\u001b[0m\u001b[0;31m*     \u001b[0m] A start job is running for dev-disk-by\\x2duuid-data01.device (1min 29s / 1min 30s)",
    "[  101.233418] systemd[1]: dev-sdc1.device: Job dev-sdc1.device/start timed out.",
    `${red} Timed out waiting for device dev-sdc1.device - /dev/sdc1.`,
    `${yellow} Dependency failed for data.mount - /data.`,
    `${yellow} Dependency failed for Local File Systems.`,
    'You are in emergency mode. After logging in, type "journalctl -xb" to view system logs.',
    "Cannot open access to console, the root account is locked.",
    "See sulogin(8) man page for more details.",
  ]),
  "damaged-file-system": linux([
    "[    6.110322] EXT4-fs error (device sda1): ext4_validate_block_bitmap:423: comm mount: bg 12: bad block bitmap checksum",
    "[    6.118840] EXT4-fs (sda1): Remounting filesystem read-only",
    `${red} Failed to start systemd-fsck-root.service - File System Check on Root Device.`,
    'Welcome to emergency mode! After logging in, type "journalctl -xb" to view system logs.',
  ]),
  "root-disk-not-found": linux([
    "[  136.004881] dracut-initqueue[412]: Warning: dracut-initqueue timeout - starting timeout scripts",
    "[  199.771023] dracut-initqueue[412]: Warning: Could not boot.",
    "Starting Dracut Emergency Shell...",
    'Generating "/run/initramfs/rdsosreport.txt"',
    "dracut:/# ",
  ]),
  /** After a kernel update without an initramfs. */
  "kernel-panic": linux([
    '[    1.902210] VFS: Cannot open root device "UUID=5d1f2a70" or unknown-block(0,0): error -6',
    "[    1.911744] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
    "[    1.920113] CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.8.0-1021-azure #25",
    "[    1.941052] ---[ end Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0) ]---",
  ]),
  "disk-full": linux([
    `${green} Reached target \u001b[0;1;39mnetwork-online.target\u001b[0m - Network is Online.`,
    "[   12.004410] cloud-init[612]: OSError: [Errno 28] No space left on device: '/var/lib/cloud/data/tmp_status'",
    "[   18.330719] python3[901]: ERROR ExtHandler ExtHandler Failed to write /var/lib/waagent/history: No space left on device",
    "",
    "web login: ",
  ]),
  /** An image that was not generalized. */
  "not-generalized": linux([
    "[   16.551003] python3[870]: INFO Daemon Daemon Provisioning already completed, skipping.",
    "[   16.560917] python3[870]: INFO Daemon Daemon VM unique identifier has changed.",
    "",
    "golden login: ",
  ]),
  /** The boot is fine; the agent does not run. */
  "silent-agent": linux(
    healthyLinux.filter((line) => !line.includes("walinuxagent")),
    { failsCreate: false, agent: "unresponsive" },
  ),
  /** The serial console of Windows shows almost nothing; the screenshot shows the reason. */
  "windows-first-boot": {
    osType: "Windows",
    failsCreate: true,
    agent: "notPopulated",
    console: [
      '<?xml version="1.0"?>',
      "Computer is booting, SAC started and initialized.",
      'Use the "ch -?" command for information about using channels.',
      "SAC>",
    ],
  },
};

/** The log contains this many earlier boots: more than 64 KiB of them. */
const earlierBoots = 80;

/** What the serial console has shown since the machine was created: successful boots, then the last one. */
export function serialLog({ osType, console }: Illness): string {
  const boots = Array.from({ length: earlierBoots }, () => bootOf(osType, osType === "Linux" ? healthyLinux : console));
  return [...boots, bootOf(osType, console)].join("");
}

function bootOf(osType: Illness["osType"], console: readonly string[]): string {
  const start =
    osType === "Windows"
      ? ["", ""]
      : [
          '\u001b[2J\u001b[01;01HBdsDxe: loading Boot0002 "UEFI Msft Virtual Disk" from AcpiEx(VMBus,0,0)',
          'BdsDxe: starting Boot0002 "UEFI Msft Virtual Disk" from AcpiEx(VMBus,0,0)',
          "[    0.000000] Linux version 6.8.0-1021-azure (buildd@lcy02-amd64-060) (x86_64-linux-gnu-gcc-13) #25-Ubuntu SMP",
          "[    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz-6.8.0-1021-azure root=PARTUUID=5d1f2a70 ro console=tty1 console=ttyS0",
          "[    0.000000] Hypervisor detected: Microsoft Hyper-V",
          "[    2.118402] hv_netvsc 00000000-0000-0000-0000-0000000000a1 eth0: VF registering",
          "[    4.902113] systemd[1]: Hostname set to <web>.",
        ];
  return [...start, ...console].join("\r\n") + "\r\n";
}

/** The status of the agent in the instance view. */
export function agentStatus(report: AgentReport): { code: string; level: string; display: string; message: string } {
  const unavailable = { code: "ProvisioningState/Unavailable", level: "Warning", display: "Not Ready" };
  switch (report) {
    case "ready":
      return {
        code: "ProvisioningState/succeeded",
        level: "Info",
        display: "Ready",
        message: "Guest Agent is running",
      };
    case "never":
      return { ...unavailable, message: "VM status blob not found." };
    case "notPopulated":
      return { ...unavailable, message: "VM status blob is found but not yet populated." };
    case "unresponsive":
      return { ...unavailable, message: "VM Agent is unresponsive." };
  }
}
