-- Every end of an attempt passes this file: code that must run whenever a job ends belongs here.
-- needs: doors/record words/publish

-- Publishes the end of an attempt in the guide's message, and notes the end of a job. The field `by` tells our other processes that this script has
-- already updated the job's run.
--   status  `completed`, `failed` (dead letters and cancelled jobs), or `retry`
local function ended(id, status)
  publish(EVENTS, '{"id":' .. cjson.encode(id) .. ',"status":"' .. status .. '","by":"jobqueue"}')
  if record then
    record(id, status)
  end
end
