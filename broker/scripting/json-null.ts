// What stands for JSON's null in Lua: cjson.null, a light userdata of a null pointer.

import { LuaUserdata } from './lua/value.ts'

export const jsonNull = new LuaUserdata('userdata: (nil)')
