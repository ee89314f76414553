-- The kind of a job.

--   kind  the job's field of that name; producers of the guide name the kind in the payload only
local function kind_of(id, kind)
  if kind then
    return kind
  end
  local ok, payload = pcall(cjson.decode, call('HGET', JOB .. id, 'payload') or '')
  return ok and type(payload) == 'table' and type(payload.kind) == 'string' and payload.kind or nil
end
