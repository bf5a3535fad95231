import { expect, it } from 'vitest'
import { isInstalled } from '../support/installed-programs.ts'
import { launcher, plainPath } from '../support/program.ts'
import { startGateway } from '../support/start-gateway.ts'
import { Tmux } from '../support/tmux.ts'

/** What is typed is echoed: `""` in it keeps the echo from being taken for the answer. */
function shell(): Tmux {
  return Tmux.start([`env PS1='outer> ' PATH=${plainPath} bash --norc --noprofile`])
}

const run = `${process.execPath} ${launcher} run`

it.skipIf(!isInstalled('tmux'))('is a terminal in a terminal', async () => {
  await using gateway = await startGateway()
  await using tmux = shell()
  await tmux.until(/outer> /)
  tmux.type(`${run} --url ${gateway.url} -e PS1=inn'er> ' -it -- bash --norc --noprofile`)
  await tmux.until(/inner> /)

  tmux.type('stty size; tput setaf 1; echo colour""ed; tput sgr0')
  expect(await tmux.until(/\d+ \d+\r$/m)).toBe('30 100\r')
  expect(await tmux.until(/.*coloured/)).toBe('\u001B[31mcoloured')

  // No line discipline but the inner one: a key arrives before Enter does.
  tmux.type('echo one k""ey; read -n 1 key; echo; echo pre""ssed $key')
  await tmux.until(/one key/)
  tmux.press('k')
  expect(await tmux.until(/pressed \w/)).toBe('pressed k')

  tmux.type('trap "echo resi\\zed; stty size" WINCH; echo re""ady')
  await tmux.until(/ready/)
  tmux.resize(60, 20)
  await tmux.until(/resized/)
  expect(await tmux.until(/^\d+ \d+\r$/m)).toBe('20 60\r')

  tmux.type(`sh -c 'echo wait""ing; exec sleep 600'`)
  await tmux.until(/waiting/)
  tmux.press('C-c')
  tmux.type('echo inter""rupted $?')
  expect(await tmux.until(/interrupted \d+/)).toBe('interrupted 130')

  // Whoever says so is who the key ends: a shell that is between two commands minds no SIGQUIT.
  tmux.type(`sh -c 'echo sleep""ing; exec sleep 600'`)
  await tmux.until(/sleeping/)
  tmux.press('C-\\')
  tmux.type('echo qu""it $?')
  expect(await tmux.until(/quit \d+/)).toBe('quit 131')

  tmux.type('exit 7')
  await tmux.until(/outer> /)
  tmux.type('echo out""er $?')
  expect(await tmux.until(/outer \d+/)).toBe('outer 7')
  tmux.type('stty -a | grep -q " -icanon"; echo ra""w $?')
  expect(await tmux.until(/raw \d+/)).toBe('raw 1')
})

it.skipIf(!isInstalled('tmux'))('is interrupted by Ctrl-C without a terminal of its own', async () => {
  await using gateway = await startGateway()
  await using tmux = shell()
  await tmux.until(/outer> /)
  tmux.type(`${run} --url ${gateway.url} -- sh -c 'echo wait""ing; exec sleep 600'`)
  await tmux.until(/waiting/)
  tmux.press('C-c')
  tmux.type('echo out""er $?')
  expect(await tmux.until(/outer \d+/)).toBe('outer 130')
})
