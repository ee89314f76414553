-- The one place that every end of an attempt passes: what must happen whenever a job ends belongs here.

-- Tells the world. The message is the guide's; `by` tells other processes of ours that this script has told the job's run.
-- A message is a side matter: it must not break the transition it tells of.
--   status  `completed`, `failed` (dead letters and cancelled jobs), or `retry`
local function ended(id, status)
  try('PUBLISH', EVENTS, '{"id":' .. cjson.encode(id) .. ',"status":"' .. status .. '","by":"jobqueue"}')
end
