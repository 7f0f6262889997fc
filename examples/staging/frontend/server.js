import { fileURLToPath } from "node:url";

import express from "express";

const backend = process.env.BACKEND_URL ?? "http://localhost:8000";
const port = Number(process.env.PORT ?? 3000);

const app = express();
app.use(express.static(fileURLToPath(new URL("./public", import.meta.url))));

app.get("/health", (request, response) => {
  response.json({ status: "ok" });
});

// The page never talks to the API itself, so it needs no CORS headers.
app.get("/api/orders", async (request, response) => {
  try {
    const reply = await fetch(`${backend}/orders`, { signal: AbortSignal.timeout(5000) });
    response.status(reply.status).json(await reply.json());
  } catch {
    response.status(502).json({ detail: "the orders API does not answer" });
  }
});

const server = app.listen(port, () => console.log(`listening on ${port}`));

process.on("SIGTERM", () => server.close());
