-- Decides which jobs are dead letters that match a filter; for the scripts of operators.
-- needs: words/kinds

-- ARGV[1] the kind  [2] words that the last error contains, in any case of its ASCII letters  [3] the earliest time of
--   the failure, and [4] the time before which it failed (ms of the epoch) [5] a tag; each is '' when it does not
--   matter
local KIND, WORDS, FROM, BEFORE, TAG = ARGV[1], string.lower(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

-- Whether the header `tags` of a job, a list with commas, names the tag.
local function is_tagged(id)
  local ok, headers = pcall(cjson.decode, call('HGET', JOB .. id, 'headers') or '')
  local tags = ok and type(headers) == 'table' and headers.tags
  return type(tags) == 'string' and string.find(',' .. tags .. ',', ',' .. TAG .. ',', 1, true) ~= nil
end

-- Reads a dead letter that matches: { status, kind, last_error, last_error_at_ms, run_id, unit_id, gathers }; nil for
-- any other job.
local function matching(id)
  local f = try('HMGET', JOB .. id, 'status', 'kind', 'last_error', 'last_error_at_ms', 'run_id', 'unit_id', 'gathers')
  if f.err or f[1] ~= 'failed' then
    return nil
  end
  local at = number(f[4], 0)
  if FROM and at < FROM or BEFORE and at >= BEFORE then
    return nil
  elseif WORDS ~= '' and not string.find(string.lower(f[3] or ''), WORDS, 1, true) then
    return nil
  elseif KIND ~= '' and kind_of(id, f[2]) ~= KIND then
    return nil
  elseif TAG ~= '' and not is_tagged(id) then
    return nil
  end
  return f
end
