// What a person does with the official JavaScript client; each step says what it saw, as JSON.
import {
  commit, createRepo, deleteFile, deleteRepo, downloadFile, fileExists, listCommits, listFiles, repoExists, uploadFiles, whoAmI,
} from "@huggingface/hub";

const [hubUrl, accessToken] = process.argv.slice(2);
const access = { hubUrl, accessToken };
const repo = { type: "space", name: "alice/from-javascript" };
const steps = {};

steps.whoami = (await whoAmI(access)).name;
steps.existed = await repoExists({ repo, ...access });
await createRepo({ repo, private: true, sdk: "static", ...access });
steps.exists = await repoExists({ repo, ...access });
const large = new Blob([new Uint8Array(20_000).fill(7)]);
await uploadFiles({
  repo, ...access, commitTitle: "Two files", useXet: false,
  files: [
    { path: "index.html", content: new Blob(["<h1>Hello</h1>\n"]) },
    { path: "data/model.bin", content: large },
  ],
});
steps.files = {};
for await (const file of listFiles({ repo, recursive: true, ...access })) steps.files[file.path] = [file.size, Boolean(file.lfs)];
const read = async (path) => (await downloadFile({ repo, path, xet: false, ...access }));
steps.text = await (await read("index.html")).text();
steps.large = [...new Uint8Array(await (await read("data/model.bin")).arrayBuffer())].every((byte) => byte === 7);
await deleteFile({ repo, path: "index.html", commitTitle: "One goes", ...access });
steps.afterwards = await fileExists({ repo, path: "index.html", ...access });
await commit({
  repo, ...access, title: "Both", operations: [
    { operation: "addOrUpdate", path: "index.html", content: new Blob(["again"]) },
    { operation: "delete", path: "data/model.bin" },
  ],
});
steps.titles = [];
for await (const one of listCommits({ repo, ...access })) steps.titles.push(one.title);
try {
  await createRepo({ repo, sdk: "static", ...access });
} catch (error) {
  steps.twice = [error.statusCode, error.message.split(".")[0]];
}
try {
  await whoAmI({ hubUrl, accessToken: "hf_nobodyKnowsThisOne" });
} catch (error) {
  steps.stranger = [error.statusCode, error.message.split(".")[0]];
}
await deleteRepo({ repo, ...access });
steps.end = await repoExists({ repo, ...access });
console.log(JSON.stringify(steps));
