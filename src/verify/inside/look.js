// Tells of each dependency whether Node finds it from the working directory.
const { dependencies = {} } = JSON.parse(require("fs").readFileSync("package.json", "utf8"));
const { resolve } = require("module").createRequire(process.cwd() + "/package.json");
for (const name of Object.keys(dependencies)) {
  let state = "ok";
  try {
    resolve(name);
  } catch (error) {
    // It is there, and only what it exports is not for require().
    if (error.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") state = "missing";
  }
  console.log(`package ${name}\t${state}`);
}
