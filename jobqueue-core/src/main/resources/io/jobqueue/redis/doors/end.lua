-- Every end of an attempt passes this file: code that must run whenever a job ends belongs here.
-- needs: words/publish

-- Publishes the end of an attempt in the guide's message. The field `by` tells our other processes that this script has
-- already updated the job's run.
--   status  `completed`, `failed` (dead letters and cancelled jobs), or `retry`
local function ended(id, status)
  publish(EVENTS, '{"id":' .. cjson.encode(id) .. ',"status":"' .. status .. '","by":"jobqueue"}')
end
