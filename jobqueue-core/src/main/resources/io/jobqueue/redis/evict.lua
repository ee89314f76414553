-- Removes a run that has ended, its gather included, or that nobody started; a page a call.
-- KEYS the queue's
-- ARGV[1] run_id  [2] the cursor that the last page returned, 0 at first
-- returns { -1 the run is live or is being gathered, 0 there was nothing, 1 all is gone, 2 there is more; cursor }
local PAGE = 500
local id, cursor = ARGV[1], ARGV[2]
local run = run_of(id)
if run and (not has_ended(run) or is_being_gathered(run)) then
  return { -1, '0' }
elseif call('EXISTS', unpack(keys_of(id))) == 0 then
  return { 0, '0' }
end
-- the outputs first: what is left in between is a run whose units have to be done again
for _, prefix in ipairs({ OUTPUTS, FAILURES, EARLY, LATE, UNITS }) do
  local key = prefix .. id
  local length = try('HLEN', key)
  if type(length) == 'number' and length > PAGE then
    local page = call('HSCAN', key, cursor, 'COUNT', PAGE)
    local fields = {}
    for i = 1, #page[2], 2 do
      fields[#fields + 1] = page[2][i]
    end
    for from = 1, #fields, 1000 do
      call('HDEL', key, unpack(fields, from, math.min(from + 999, #fields)))
    end
    if page[1] == '0' then
      call('UNLINK', key)
    end
    return { 2, page[1] }
  end
  call('UNLINK', key)
  cursor = '0'
end
call('UNLINK', RUN .. id)
try('ZREM', RUNS, id)
try('ZREM', AGENDA, id)
return { 1, '0' }
