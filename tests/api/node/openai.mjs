// Asks Pincite with the openai package, and prints what came as JSON.
// node openai.mjs BASE_URL PACKAGE MODEL QUESTION
const [base, name, model, question] = process.argv.slice(2);
const { OpenAI, NotFoundError, APIError } = await import(name);
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "any", maxRetries: 0 });
const request = { model, messages: [{ role: "user", content: question }] };

const models = (await client.models.list()).data.map((one) => one.id);
const completion = await client.chat.completions.create(request);

const chunks = [];
const options = { stream: true, stream_options: { include_usage: true } };
for await (const chunk of await client.chat.completions.create({ ...request, ...options })) {
  chunks.push(chunk);
}
const gathered = await client.chat.completions.stream(request).finalChatCompletion();

const unknown = await client.chat.completions
  .create({ ...request, model: "nobody" })
  .catch((error) => error);
const broken = await client.chat.completions
  .create({ ...request, stream: true, messages: [{ role: "user", content: "Break off." }] })
  .then(async (stream) => {
    for await (const _ of stream);
  })
  .catch((error) => error);

console.log(
  JSON.stringify({
    models,
    completion,
    chunks,
    gathered,
    unknown: { is: unknown instanceof NotFoundError, status: unknown.status, code: unknown.code },
    broken: { is: broken instanceof APIError, code: broken.code, message: broken.message },
  }),
);
