/** Every word of the interface, in both languages. */
import type { Basis, Category, Disposition } from "azure-remedy/diagnose";
import type { Language, Theme } from "./settings.js";

export interface Strings {
  readonly title: string;
  readonly lead: string;
  readonly privacy: string;
  readonly skip: string;
  readonly explain: string;
  readonly catalog: string;
  readonly languageLabel: string;
  readonly themeLabel: string;
  readonly themes: Readonly<Record<Theme, string>>;
  readonly inputLabel: string;
  readonly placeholder: string;
  readonly clear: string;
  readonly examples: string;
  readonly redacted: (count: number) => string;
  readonly cut: string;
  readonly found: (count: number) => string;
  readonly unknown: string;
  readonly unknownHelp: string;
  readonly failures: string;
  readonly times: (count: number) => string;
  readonly showInText: string;
  readonly retryHelps: string;
  readonly retry: {
    readonly yes: string;
    readonly no: string;
    readonly asked: (wait: string) => string;
    readonly usual: (wait: string) => string;
    readonly readFirst: string;
    readonly changed: string;
    readonly never: string;
    readonly caution: string;
  };
  readonly whatToDo: string;
  readonly fillIn: string;
  readonly copy: string;
  readonly copied: string;
  readonly automatic: string;
  readonly nested: string;
  readonly root: string;
  readonly also: string;
  readonly basis: Readonly<Record<Basis, string>>;
  readonly rule: string;
  readonly more: string;
  readonly support: string;
  readonly requestId: string;
  readonly correlationId: string;
  readonly dispositions: Readonly<Record<Disposition, string>>;
  readonly dispositionHelp: Readonly<Record<Disposition, string>>;
  readonly categories: Readonly<Record<Category, string>>;
  readonly searchLabel: string;
  readonly searchPlaceholder: string;
  readonly all: string;
  readonly category: string;
  readonly disposition: string;
  readonly document: string;
  readonly documents: Readonly<Record<string, string>>;
  readonly rules: (count: number) => string;
  readonly moreRules: (count: number) => string;
  readonly row: (row: number) => string;
  readonly message: string;
  readonly messageZh: string;
  readonly family: string;
  readonly noRule: (name: string) => string;
  readonly back: string;
  readonly offline: string;
  readonly units: { readonly s: string; readonly min: string; readonly h: string };
}

const en: Strings = {
  title: "Azure VM errors, explained",
  lead: "Paste any Azure error. Read what happened, why, what to do, and whether a retry helps.",
  privacy: "Nothing leaves this page. Secrets are removed as you paste.",
  skip: "Skip to the content",
  explain: "Explain an error",
  catalog: "Catalog",
  languageLabel: "Language",
  themeLabel: "Colours",
  themes: { auto: "Auto", light: "Light", dark: "Dark" },
  inputLabel: "The error",
  placeholder: "JSON, az, Terraform, PowerShell, a portal message, a whole log, or a code such as AllocationFailed",
  clear: "Clear",
  examples: "Try an example:",
  redacted: (count) => (count === 1 ? "1 secret was removed." : `${count} secrets were removed.`),
  cut: "The text is long; only its end was read.",
  found: (count) => (count === 1 ? "1 failure" : `${count} failures`),
  unknown: "No failure is known in this text.",
  unknownHelp: "Paste all of the output: the error code is often some lines above the end.",
  failures: "Failures in this text",
  times: (count) => `${count} times`,
  showInText: "Show in the text",
  retryHelps: "Does a retry help?",
  retry: {
    yes: "Yes,",
    no: "No.",
    asked: (wait) => `after ${wait}, as the service asks.`,
    usual: (wait) => `after ${wait}, then with growing waits.`,
    readFirst: "Read the resource first: the request may have taken effect, or still may.",
    changed: "Not unchanged: a changed request, or a step before it, would pass.",
    never: "The same request would fail again.",
    caution: "It may have been carried out: check before you repeat anything that must not run twice.",
  },
  whatToDo: "What to do",
  fillIn: "Fill in the commands",
  copy: "Copy",
  copied: "Copied",
  automatic: "The azure-remedy library can do this:",
  nested: "How the errors are nested",
  root: "root",
  also: "Also failed",
  basis: {
    message: "Code and message are known.",
    code: "The code is known, the message is not.",
    pattern: "Judged by the kind of code or message.",
    status: "Judged by the HTTP status alone.",
    none: "Nothing is known about it.",
  },
  rule: "Rule",
  more: "Read more in the Azure documentation",
  support: "For Azure support",
  requestId: "request id",
  correlationId: "correlation id",
  dispositions: {
    transient: "transient",
    indeterminate: "outcome unknown",
    adaptable: "needs a change",
    permanent: "permanent",
  },
  dispositionHelp: {
    transient: "The same request will pass in minutes.",
    indeterminate: "It may still complete; read the resource.",
    adaptable: "A changed request, or a step before it, would pass.",
    permanent: "Only a person or a change of the code helps.",
  },
  categories: {
    throttling: "throttling",
    capacity: "capacity",
    quota: "quota",
    conflict: "conflict",
    platform: "platform",
    timeout: "timeout",
    "invalid-input": "invalid input",
    unsupported: "unsupported",
    "not-found": "not found",
    precondition: "precondition",
    authorization: "authorization",
    authentication: "authentication",
    "guest-os": "guest OS",
    extension: "extension",
    storage: "storage",
    network: "network",
    encryption: "encryption",
    image: "image",
    other: "other",
  },
  searchLabel: "Search the catalog",
  searchPlaceholder: "A code, words of a message, …",
  all: "All",
  category: "Category",
  disposition: "Kind",
  document: "Document",
  documents: {
    "vm-management": "VM management errors",
    "vm-management-newer": "VM management errors, newer",
    "vm-inspector": "VM Inspector errors",
    "vm-inspector-solutions": "VM Inspector solutions",
    none: "In neither document",
  },
  rules: (count) => (count === 1 ? "1 rule" : `${count} rules`),
  moreRules: (count) => `Show ${count} more`,
  row: (row) => `row ${row}`,
  message: "Message",
  messageZh: "Chinese message",
  family: "Family of codes",
  noRule: (name) => `The catalog has no rule ${name}.`,
  back: "All rules",
  offline: "Works offline. Save this page and open it from a file.",
  units: { s: "s", min: "min", h: "h" },
};

const zh: Strings = {
  title: "Azure 虚拟机错误详解",
  lead: "粘贴任意 Azure 错误，即可了解发生了什么、原因、解决步骤，以及重试是否有用。",
  privacy: "内容不会离开此页面；粘贴时会自动删除机密信息。",
  skip: "跳到正文",
  explain: "解释错误",
  catalog: "错误目录",
  languageLabel: "语言",
  themeLabel: "颜色",
  themes: { auto: "自动", light: "浅色", dark: "深色" },
  inputLabel: "错误内容",
  placeholder: "JSON、az、Terraform、PowerShell、门户消息、完整日志，或错误代码（如 AllocationFailed）",
  clear: "清除",
  examples: "查看示例：",
  redacted: (count) => `已删除 ${count} 处机密信息。`,
  cut: "文本过长，仅读取了末尾部分。",
  found: (count) => `${count} 个故障`,
  unknown: "未能识别此文本中的故障。",
  unknownHelp: "请粘贴完整输出：故障代码通常位于末尾之前的几行。",
  failures: "此文本中的故障",
  times: (count) => `${count} 次`,
  showInText: "在文本中显示",
  retryHelps: "重试有用吗？",
  retry: {
    yes: "有用。",
    no: "没用。",
    asked: (wait) => `请按服务要求等待 ${wait} 后重试。`,
    usual: (wait) => `请等待 ${wait} 后重试，并逐渐延长间隔。`,
    readFirst: "请先读取资源状态：操作可能已完成，也可能仍在进行。",
    changed: "同样的请求不行。修改请求或先执行一个步骤后可以成功。",
    never: "同样的请求会再次失败。",
    caution: "请求可能已经执行：对于不能重复执行的操作，请先检查状态。",
  },
  whatToDo: "解决步骤",
  fillIn: "填写命令中的名称",
  copy: "复制",
  copied: "已复制",
  automatic: "azure-remedy 库可以自动处理：",
  nested: "错误的嵌套关系",
  root: "根本错误",
  also: "其他失败",
  basis: {
    message: "代码和消息均已收录。",
    code: "代码已收录，消息未收录。",
    pattern: "根据代码或措辞的类型判断。",
    status: "仅根据 HTTP 状态判断。",
    none: "没有相关信息。",
  },
  rule: "规则",
  more: "在 Azure 文档中了解更多",
  support: "提供给 Azure 支持",
  requestId: "请求 ID",
  correlationId: "关联 ID",
  dispositions: {
    transient: "暂时性",
    indeterminate: "结果未知",
    adaptable: "需要更改",
    permanent: "永久性",
  },
  dispositionHelp: {
    transient: "同样的请求几分钟后会成功。",
    indeterminate: "操作可能仍会完成；请读取资源状态。",
    adaptable: "修改请求或先执行一个步骤后可以成功。",
    permanent: "需要人工处理或修改代码。",
  },
  categories: {
    throttling: "限制请求",
    capacity: "容量",
    quota: "配额",
    conflict: "冲突",
    platform: "平台",
    timeout: "超时",
    "invalid-input": "输入无效",
    unsupported: "不支持",
    "not-found": "未找到",
    precondition: "前提条件",
    authorization: "授权",
    authentication: "身份验证",
    "guest-os": "来宾操作系统",
    extension: "扩展",
    storage: "存储",
    network: "网络",
    encryption: "加密",
    image: "映像",
    other: "其他",
  },
  searchLabel: "搜索错误目录",
  searchPlaceholder: "错误代码、消息中的词……",
  all: "全部",
  category: "类别",
  disposition: "性质",
  document: "文档",
  documents: {
    "vm-management": "虚拟机管理错误",
    "vm-management-newer": "虚拟机管理错误（较新）",
    "vm-inspector": "VM 检查器错误",
    "vm-inspector-solutions": "VM 检查器解决方案",
    none: "两份文档均未收录",
  },
  rules: (count) => `${count} 条规则`,
  moreRules: (count) => `再显示 ${count} 条`,
  row: (row) => `第 ${row} 行`,
  message: "消息",
  messageZh: "中文消息",
  family: "错误代码系列",
  noRule: (name) => `目录中没有规则 ${name}。`,
  back: "全部规则",
  offline: "可离线使用：保存此页面后直接从文件打开。",
  units: { s: "秒", min: "分钟", h: "小时" },
};

export const strings: Readonly<Record<Language, Strings>> = { en, zh };

/** `10 s`, `2 min`, `1.5 h`. */
export function formatWait(ms: number, { units }: Strings): string {
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  if (ms < 90_000) return `${Math.max(1, Math.round(ms / 1_000))} ${units.s}`;
  if (ms < 5_400_000) return `${rounded(ms / 60_000)} ${units.min}`;
  return `${rounded(ms / 3_600_000)} ${units.h}`;
}
