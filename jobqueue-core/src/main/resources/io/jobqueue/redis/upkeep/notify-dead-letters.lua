-- Enqueues a notice for each dead letter of a page whose kind has a handler for notices and that has none yet. A notice is a
-- job with the payload of the dead letter. The field `noticed` of a dead letter says for which of its failures it has one.
-- KEYS the queue's
-- ARGV[1] index of the first dead letter of the page, the newest has 0  [2] how many to look at  [3] those that failed earlier
--   (ms of the epoch) were looked at before, '' for none  [4] the header that names the dead letter  [5] the kind of a notice is
--   this and the kind of the dead letter; then the kinds that have a handler, '*' for all others
-- returns { 1 when there are more dead letters to look at, else 0; when the newest of this page failed, '' for none; id and
--   kind of each notice }
-- needs: words/first-write words/totals words/kinds doors/create doors/join
local FIRST, SIZE, LOOKED, HEADER, NOTICE = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local has_handler = {}
for i = 6, #ARGV do
  has_handler[ARGV[i]] = true
end
read('LLEN', PENDING)
local ids = read('LRANGE', FAILED, FIRST, FIRST + SIZE - 1)
begin_writing()
-- dead letters that are older than the first handler for notices get none
local since = number(call('HGET', META, 'notices_since'))
if not since then
  since = now
  call('HSET', META, 'notices_since', NOW)
end
local begin = math.max(since, LOOKED or 0)

-- The kind of the notice for a dead letter; nil when nobody handles it, or when the dead letter is a notice itself.
local function kind_of_notice(id, kind)
  kind = kind_of(id, kind)
  if not kind or string.sub(kind, 1, #NOTICE) == NOTICE then
    return nil
  end
  return has_handler[kind] and NOTICE .. kind or has_handler['*'] and NOTICE .. '*' or nil
end

local function headers_of(id)
  local ok, headers = pcall(cjson.decode, call('HGET', JOB .. id, 'headers') or '{}')
  headers = ok and type(headers) == 'table' and pcall(cjson.encode, headers) and headers or {}
  headers[HEADER] = id
  return cjson.encode(headers)
end

-- A handler that discards a job, and a person who cancels one, know of it.
local function is_wanted(reason)
  return not string.find(reason or '', '^discarded: ') and not string.find(reason or '', '^cancelled: ')
end

local notices, newest, more = {}, '', #ids == SIZE and 1 or 0
for _, id in ipairs(ids) do
  local f = try('HMGET', JOB .. id, 'status', 'kind', 'last_error_at_ms', 'noticed', 'payload', 'last_error')
  local at = not f.err and f[1] == 'failed' and number(f[3])
  if at and at < begin then
    more = 0
    break
  end
  if at then
    newest = newest == '' and f[3] or newest
    local kind = f[4] ~= f[3] and is_wanted(f[6]) and kind_of_notice(id, f[2])
    if kind then
      local notice = redis.sha1hex(id .. ':' .. f[3])
      create(notice, kind, f[5] or '{}', now, { 'headers', headers_of(id), 'more', '1' })
      join(notice, now)
      call('HSET', JOB .. id, 'noticed', f[3])
      notices[#notices + 1], notices[#notices + 2] = notice, kind
    end
  end
end
let_in()
count('enqueued_total', #notices / 2)
return { more, newest, unpack(notices) }
