/**
 * The strongest premise: the customer runs any program with the rights of the browser, past every
 * check of the service and past Chromium's own sandbox. Only the operating system is left.
 */
import { once } from 'node:events';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createUnixServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { processesOf } from '../support/processes.ts';
import { openGates, openUninspected, runInside } from '../support/uninspected.ts';

/** The number of ptrace(2). */
const PTRACE = process.arch === 'arm64' ? 117 : 101;
const SECRET = 'the-secret-of-the-service';

test('the program sees no files of the machine but those of the system, and can write none', async () => {
  const gates = await openGates();
  await writeFile(join(gates.dataDir, 'encryption-key'), SECRET, { mode: 0o600 });
  const shown = join(gates.dataDir, 'shown-to-all');
  await writeFile(shown, SECRET);
  await chmod(shown, 0o644);
  const said = await runInside(
    gates,
    `ls /; find /var -mindepth 1 -maxdepth 2 2>/dev/null
     echo "etc: $(ls /etc | tr '\\n' ' ')"
     cat ${gates.dataDir}/encryption-key ${shown} /etc/shadow /etc/passwd /etc/hostname /root/.bashrc
     for place in / /usr /etc /usr/bin /etc/ssl /proc/sys/kernel /sys /dev; do
       touch "$place/mine" 2>/dev/null && echo "WROTE to $place"
     done
     cp /bin/sh /runtime/files/uploads/x && echo 'WROTE to uploads'
     ln -s / /runtime/files/leads && echo 'WROTE to the folder of files'
     find / -xdev \\( -name encryption-key -o -name postgres -o -name node_modules -o -name .bctrl \\) 2>/dev/null`,
  );
  expect(said).not.toContain(SECRET);
  expect(said).not.toContain('root:');
  expect(said).not.toContain('WROTE');
  expect(said).not.toMatch(/^\/.*(?:encryption-key|node_modules)$/m);
  const [root = ''] = said.split('etc:');
  // The jail has at most the machine's font cache in /var.
  const allowed =
    /^(?:bin|dev|etc|lib|lib32|lib64|porter\.pl|proc|runtime|sbin|tmp|usr|var|\/var\/cache(?:\/fontconfig)?)$/;
  expect(
    root
      .trim()
      .split('\n')
      .filter((name) => !allowed.test(name)),
  ).toEqual([]);
});

test('no program in the jail is root, or can become another user', async () => {
  const gates = await openGates();
  const said = await runInside(
    gates,
    `id -u; grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs)' /proc/self/status
     su -c id; mount -t tmpfs none /tmp && echo MOUNTED; chroot / true && echo CHROOTED
     kill -0 1 && echo 'knows its first process'
     ls -l /proc/1/fd; cat /proc/1/environ; head -c 1 /proc/1/mem
     perl -e 'syscall(${PTRACE}, 16, 1, 0, 0) == 0 and print "TRACED\n"'`,
  );
  expect(said).not.toMatch(/^0$/m);
  expect(said).toMatch(/CapEff:\s+0+$/m);
  expect(said).toMatch(/CapPrm:\s+0+$/m);
  expect(said).toMatch(/NoNewPrivs:\s+1/);
  expect(said).not.toMatch(/uid=0|MOUNTED|CHROOTED|TRACED|socket:|PATH=/);
  expect(said).toContain('knows its first process');
});

test('the program sees and reaches no process of the machine or of another browser', async () => {
  const gates = await openGates();
  await openUninspected(gates);
  const said = await runInside(
    gates,
    `ls /proc | grep -E '^[0-9]+$' | wc -l
     cat /proc/*/cmdline | tr '\\0' ' '; cat /proc/*/environ | tr '\\0' '\\n'
     kill -9 -1; kill -9 ${process.pid} && echo KIL'L'ED`,
  );
  expect(Number(said.split('\n', 1)[0])).toBeLessThan(10);
  expect(said).not.toMatch(/chromium|postgres|vitest|KILLED/);
  expect(said).not.toContain(gates.dataDir);
  expect((await processesOf(gates.settings.roots.root)).length).toBeGreaterThan(3);
});

test('the program reaches no network, and no socket of the machine', async () => {
  const gates = await openGates();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  // Whoever shares the network namespace can reach an abstract socket.
  const abstract = createUnixServer(() => void asked.push('unix')).listen('\0bctrl-test');
  await once(abstract, 'listening');
  onTestFinished(() => void abstract.close());
  const { browser } = await openUninspected(gates);
  const said = await runInside(
    gates,
    `cat /proc/net/dev /proc/net/route /proc/net/tcp
     for host in 127.0.0.1 10.0.0.1 192.168.0.1 169.254.169.254; do
       perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); connect(S, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) and print "CONNECTED\\n"; print "$ARGV[0]: $!\\n"' $host ${port}
     done
     perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, pack("S a*", 1, "\\0bctrl-test")) and print "CONNECTED\\n"; print "unix: $!\\n"'
     perl -MSocket -e 'socket(S, PF_INET, SOCK_DGRAM, 0); send(S, "x", 0, sockaddr_in(53, inet_aton("127.0.0.1"))) ; print "udp: $!\\n"'
     perl -MSocket -e 'socket(S, PF_INET, SOCK_RAW, 1) and print "RAW\\n"'`,
  );
  expect(said).not.toMatch(/CONNECTED|RAW/);
  expect(asked).toEqual([]);
  const interfaces = said.match(/^\s*\w+:(?=\s+\d)/gm) ?? [];
  expect(interfaces.map((name) => name.trim())).toEqual(['lo:']);
  expect(browser.pid).toBeGreaterThan(0);
});

test('the processes and files of the program are gone with its browser', async () => {
  const gates = await openGates();
  const { roots } = gates.settings;
  await runInside(
    gates,
    `for n in 1 2 3; do (setsid sh -c 'trap "" TERM HUP; sleep 1000' &) ; done
     echo x > /runtime/files/downloads/left; echo x > /tmp/left; echo x > /dev/shm/left; exit 0`,
  );
  await expect.poll(() => processesOf(roots.root)).toEqual([]);
  // Stagehand's extension stays: the service unpacked it for all its browsers.
  const left = await Promise.all(Object.values(roots).map((root) => readdir(root)));
  expect(left.flat().filter((name) => name !== 'stagehand')).toEqual([]);
  expect(await runInside(gates, 'cat /tmp/left /dev/shm/left')).toMatch(/No such file/);
});
