-- SPDX-License-Identifier: GPL-2.0-only
-- Runs one scenario and says what was wrong: miltertest itself keeps a script's error to itself.
-- Given with -D: dir (this folder), script (its name), socket, and what the script asks for.
dofile (dir .. "/common.lua")
local good, problem = pcall (dofile, dir .. "/" .. script .. ".lua")
if not good then
  mt.echo (tostring (problem))
  error (problem)
end
