// sharp's `resize`, two images at a time with one thread each. Arguments: the folder, the format of the thumbnails.
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const sharp = createRequire(join(process.cwd(), "/"))("sharp");
const [folder, format] = process.argv.slice(2);
sharp.concurrency(1);
sharp.cache(false);

const make = (file) =>
  sharp(file).resize(100, 100, { fit: "inside", withoutEnlargement: true }).toFormat(format, { quality: 80 }).toBuffer();

const files = readdirSync(folder).sort().map((name) => join(folder, name));
await Promise.all(files.slice(0, 2).map(make));
const used = process.cpuUsage();
const began = performance.now();
let next = 0;
let made = 0;
const one = async () => {
  while (next < files.length) {
    await make(files[next++]);
    made += 1;
  }
};
await Promise.all([one(), one()]);
const { user, system } = process.cpuUsage(used);
process.stdout.write(JSON.stringify([(performance.now() - began) / 1000, (user + system) / 1e6, made]));
