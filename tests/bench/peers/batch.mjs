// A batch of a queue: every message is worked by itself, and those that fail come again.
export const batch = (work) => async ({ Records }) => {
  const batchItemFailures = [];
  for (const { messageId, body } of Records) {
    try {
      await work(JSON.parse(body));
    } catch (error) {
      console.error(JSON.stringify({ level: "ERROR", message: String(error?.message ?? error) }));
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
};
