/** Whether the tests of this project run on the portable engine: vitest.config.ts says so. */
export const wantsPortable = process.env['EXECGATE_TESTED_ENGINE'] === 'portable'
