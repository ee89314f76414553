-- Finds the unit that a job belongs to.

-- The run and the unit of a job; '' when it belongs to none. A guide producer names them in the payload. Nothing else
-- is read from the payload, and only here, for a job that ends.
--   run, unit  the fields `run_id` and `unit_id`
--   payload    the payload; may be left out when the job has a field `kind`, which guide producers do not write
local function unit_of(run, unit, kind, payload)
  if run or kind or not string.find(payload or '', '"run_id"', 1, true) then
    return run or '', unit or ''
  end
  local ok, named = pcall(cjson.decode, payload)
  run, unit = ok and type(named) == 'table' and named.run_id, ok and type(named) == 'table' and named.unit_id
  if type(run) == 'string' and type(unit) == 'string' and #run <= 128 and string.find(run, '^[%w_.:-]+$')
    and #unit <= 256 and not string.find(unit, '%c') then
    return run, unit
  end
  return '', ''
end
