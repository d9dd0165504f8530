/** The words around an explanation at a terminal, in both languages. Dispositions and categories stay as programs have them. */
import type { Diagnosis } from "../../catalog/diagnosis.js";

export type ExplainLanguage = "en" | "zh";

/** Whether to send it again. */
export interface RetryWords {
  readonly no: (summary: string) => string;
  readonly asked: (wait: string) => string;
  readonly later: (wait: string) => string;
  readonly caution: string;
  /** A remedy runs inside a program; in a terminal there are only the steps. */
  readonly byHand: string;
}

/** The labels of the lines, and what stands behind them. */
export interface LineWords {
  readonly said: string;
  readonly within: string;
  readonly steps: string;
  readonly retry: string;
  readonly also: string;
  readonly note: string;
  readonly knownBy: string;
  readonly more: string;
  readonly support: string;
  readonly times: (count: number) => string;
  readonly kindOnly: string;
  readonly noCode: string;
  readonly basis: Readonly<Record<Diagnosis["basis"], string>>;
  readonly rule: (basis: string, id: string) => string;
  readonly documented: (rows: readonly string[]) => string;
  readonly row: (document: string, row: number) => string;
  readonly requestId: (id: string) => string;
  readonly correlationId: (id: string) => string;
}

export const retryWords: Readonly<Record<ExplainLanguage, RetryWords>> = {
  en: {
    no: (summary) => `No. ${summary}`,
    asked: (wait) => `Yes, after ${wait}, as the service asks.`,
    later: (wait) => `Yes, after ${wait}, then with growing waits.`,
    caution: " It may have been carried out: check before you repeat anything that must not run twice.",
    byHand: "Do the first step, then send the request again.",
  },
  zh: {
    no: (summary) => `否。${summary}`,
    asked: (wait) => `是，按服务的要求在 ${wait} 后重试。`,
    later: (wait) => `是，在 ${wait} 后重试，之后逐渐降低频率。`,
    caution: "请求可能已经执行：对于不能执行两次的操作，请先查看结果再重复。",
    byHand: "执行第一步，然后重新发送请求。",
  },
};

export const lineWords: Readonly<Record<ExplainLanguage, LineWords>> = {
  en: {
    said: "said",
    within: "within",
    steps: "do",
    retry: "retry",
    also: "also",
    note: "note",
    knownBy: "known by",
    more: "more",
    support: "support",
    times: (count) => `(${count} times)`,
    kindOnly: "Only the kind of this failure is known. The message above says what exactly is wrong.",
    noCode: "no code",
    basis: {
      message: "code and message are known",
      code: "the code is known, the message is not",
      pattern: "by the kind of code or message",
      status: "by the HTTP status alone",
      none: "nothing is known about it",
    },
    rule: (basis, id) => `${basis}; rule ${id}`,
    documented: (rows) => `, documented in ${rows.join(", ")}`,
    row: (document, row) => `${document} row ${row}`,
    requestId: (id) => `request id ${id}`,
    correlationId: (id) => `correlation id ${id}`,
  },
  zh: {
    said: "原文",
    within: "外层",
    steps: "步骤",
    retry: "重试",
    also: "另有",
    note: "注意",
    knownBy: "依据",
    more: "详情",
    support: "支持",
    times: (count) => `（${count} 次）`,
    kindOnly: "只能判断此失败的类型。具体原因见上面的消息。",
    noCode: "无代码",
    basis: {
      message: "代码和措辞均已知",
      code: "代码已知，措辞未知",
      pattern: "根据代码或措辞的类型判断",
      status: "仅根据 HTTP 状态判断",
      none: "未知的错误",
    },
    rule: (basis, id) => `${basis}；规则 ${id}`,
    documented: (rows) => `，见文档 ${rows.join("、")}`,
    row: (document, row) => `${document} 第 ${row} 行`,
    requestId: (id) => `请求 ID ${id}`,
    correlationId: (id) => `关联 ID ${id}`,
  },
};
