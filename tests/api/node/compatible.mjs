// Asks Pincite with the AI SDK's provider for OpenAI-compatible servers; prints what came as JSON.
// node compatible.mjs BASE_URL AI_PACKAGE PROVIDER_PACKAGE MODEL QUESTION
const [base, ai, provider, model, question] = process.argv.slice(2);
const { generateText, streamText } = await import(ai);
const { createOpenAICompatible } = await import(provider);
const pincite = createOpenAICompatible({
  name: "pincite",
  baseURL: `${base}/v1`,
  apiKey: "any",
  includeUsage: true,
});
const request = { model: pincite(model), prompt: question, maxRetries: 0 };

const generated = await generateText(request);
const streamed = streamText(request);
let text = "";
for await (const delta of streamed.textStream) text += delta;

const unknown = await generateText({ ...request, model: pincite("nobody") }).catch((error) => error);
const errors = [];
const broken = streamText({
  ...request,
  prompt: "Break off.",
  onError: ({ error }) => errors.push(String(error?.message ?? error)),
});
let partial = "";
for await (const delta of broken.textStream) partial += delta;

console.log(
  JSON.stringify({
    generated: { text: generated.text, finish: generated.finishReason, usage: generated.usage },
    streamed: { text, finish: await streamed.finishReason, usage: await streamed.usage },
    unknown: { status: unknown.statusCode, message: unknown.message },
    broken: { partial, errors },
  }),
);
