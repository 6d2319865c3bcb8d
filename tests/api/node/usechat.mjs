// Reads Pincite's UI message stream as `useChat` does, and prints the message as JSON.
// node usechat.mjs BASE_URL AI_PACKAGE QUESTION
const [base, ai, question] = process.argv.slice(2);
const { DefaultChatTransport, readUIMessageStream } = await import(ai);
const transport = new DefaultChatTransport({ api: `${base}/v1/chat/ui` });

async function ask(text) {
  const chunks = [];
  let message;
  let error;
  try {
    const stream = await transport.sendMessages({
      chatId: "chat",
      trigger: "submit-message",
      messages: [{ id: "1", role: "user", parts: [{ type: "text", text }] }],
    });
    const kept = new TransformStream({
      transform(chunk, controller) {
        chunks.push(chunk);
        controller.enqueue(chunk);
      },
    });
    const messages = readUIMessageStream({
      stream: stream.pipeThrough(kept),
      terminateOnError: true,
    });
    for await (const state of messages) message = state;
  } catch (caught) {
    error = caught.message;
  }
  return { chunks, message, error };
}

console.log(
  JSON.stringify({
    answered: await ask(question),
    broken: await ask("Break off."),
    refused: await ask(" "),
  }),
);
