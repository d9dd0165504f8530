/**
 * `shared-bucket.ts` in Lua, to run inside Redis or Valkey: one hash per bucket, one call for any number of them. Time
 * is the server's. A test plays the same asks to both and compares the leases.
 *
 * KEYS: the buckets. ARGV: the member, the time (0 for the server's own), then for each key capacity, refill, periodMs,
 * want, answered, returned, levelless, level (-1 for none), sentAgoMs, receivedAgoMs, closedForMs. Returns for each key
 * granted, ttlMs, askAgainMs, needsAnswer, closedForMs, level.
 */
import { sharedBucketNumbers } from "./shared-bucket-numbers.js";

/** Milliseconds for which an unused bucket is kept, and the longest time that its refill may add. */
const keepMs = 60_000;
const longestMs = 3_600_000;

const locals = Object.entries({ ...sharedBucketNumbers, keepMs, longestMs }).map(
  ([name, value]) => `local ${name} = ${value}`,
);

export const leaseScript = `
local member = ARGV[1]
local now = tonumber(ARGV[2])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
${locals.join("\n")}

local function exact(number)
  return string.format('%.17g', number)
end

local function read(key, capacity)
  local flat = redis.call('HGETALL', key)
  local bucket = { level = capacity, filledAt = now, receivedAt = 0, sentAt = 0, closedUntil = 0, probing = 0, reported = 0, span = firstSpan }
  local holders = {}
  for i = 1, #flat, 2 do
    local field, value = flat[i], flat[i + 1]
    if string.sub(field, 1, 2) == 'm:' then
      local out, ends, wanted, seenAt = string.match(value, '^(%S+) (%S+) (%S+) (%S+)$')
      holders[string.sub(field, 3)] =
        { out = tonumber(out), ends = tonumber(ends), wanted = tonumber(wanted), seenAt = tonumber(seenAt) }
    else
      bucket[field] = tonumber(value)
    end
  end
  return bucket, holders
end

local function write(key, bucket, holders, changed, gone, full)
  local fields = {}
  for field, value in pairs(bucket) do
    fields[#fields + 1] = field
    fields[#fields + 1] = exact(value)
  end
  redis.call('HSET', key, unpack(fields))
  for _, id in ipairs(changed) do
    local holder = holders[id]
    local value = exact(holder.out) .. ' ' .. exact(holder.ends) .. ' ' .. exact(holder.wanted) .. ' ' .. exact(holder.seenAt)
    redis.call('HSET', key, 'm:' .. id, value)
  end
  for _, id in ipairs(gone) do
    redis.call('HDEL', key, 'm:' .. id)
  end
  redis.call('PEXPIRE', key, math.ceil(keepMs + math.max(bucket.closedUntil - now, math.min(longestMs, full))))
end

local function isCounted(bucket, holder)
  return bucket.reported == 1 and holder.ends - leaseMs + countedMs <= bucket.sentAt
end

local function endLeases(bucket, holders)
  local changed, gone = { member }, {}
  for id, holder in pairs(holders) do
    if holder.out > 0 and holder.ends <= now then
      if not isCounted(bucket, holder) then bucket.level = bucket.level - holder.out end
      holder.out = 0
      holder.ended = true
    end
    if id ~= member and holder.out == 0 and holder.seenAt + activeMs < now then
      gone[#gone + 1] = id
    elseif id ~= member and holder.ended then
      changed[#changed + 1] = id
    end
  end
  for _, id in ipairs(gone) do
    holders[id] = nil
  end
  return changed, gone
end

local function learn(bucket, holder, answered, returned, levelless, level, sentAgo, receivedAgo, closedFor)
  holder.out = math.max(0, holder.out - answered - returned)
  bucket.level = bucket.level - levelless
  if level >= 0 then
    local sentAt = now - sentAgo
    if bucket.reported == 0 or sentAt >= bucket.receivedAt or level <= bucket.level then
      bucket.level = level
      bucket.receivedAt = now - receivedAgo
      bucket.sentAt = sentAt
      bucket.reported = 1
    end
  end
  if closedFor > 0 then
    bucket.closedUntil = math.max(bucket.closedUntil, now + closedFor)
    bucket.level = 0
    bucket.filledAt = now
    bucket.receivedAt = now
    bucket.sentAt = now
    bucket.probing = 1
    bucket.span = firstSpan
  elseif answered > 0 then
    if now >= bucket.closedUntil then bucket.probing = 0 end
    bucket.span = bucket.span + answered
  end
end

local function fill(bucket, capacity, refill, period)
  local steps = math.floor((now - bucket.filledAt) / period)
  if steps > 0 then
    bucket.level = math.min(capacity, bucket.level + steps * refill)
    bucket.filledAt = bucket.filledAt + steps * period
  end
end

local function lookAt(bucket, period)
  if bucket.reported == 0 then return math.huge end
  return math.max(bucket.closedUntil, bucket.receivedAt + math.max(lookPart * math.min(period, latestMs), period / looksPerPeriod))
end

local function mostOut(bucket)
  if now < bucket.closedUntil then return 0 end
  if bucket.probing == 1 then return 1 end
  if bucket.reported == 0 then return bucket.span end
  if now - bucket.receivedAt < staleMs then return math.huge end
  return firstSpan
end

local leases = {}
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * 11
  local args = {}
  for j = 1, 11 do args[j] = tonumber(ARGV[at + j]) end
  local capacity, refill, period, want = args[1], args[2], args[3], args[4]
  local bucket, holders = read(key, capacity)
  local changed, gone = endLeases(bucket, holders)
  local holder = holders[member] or { out = 0, ends = 0, wanted = 0, seenAt = 0 }
  holders[member] = holder
  learn(bucket, holder, args[5], args[6], args[7], args[8], args[9], args[10], args[11])
  if bucket.reported == 0 then fill(bucket, capacity, refill, period) end
  holder.wanted = want
  holder.seenAt = now
  local out, wanted, waiting, quiet = 0, 0, 0, true
  for _, each in pairs(holders) do
    if not isCounted(bucket, each) then out = out + each.out end
    if each.out > 0 and each.ends - leaseMs + countedMs > now then quiet = false end
    if each.wanted > 0 and each.seenAt + activeMs >= now then
      wanted = wanted + each.wanted
      waiting = waiting + 1
    end
  end
  local free = bucket.level - out
  if wanted > free then free = free - math.min(keptBack, capacity * keptBackPart) end
  local most = mostOut(bucket)
  local looks = free < 1 and quiet and now >= lookAt(bucket, period)
  local needsAnswer = looks or most - out < free
  if looks then free = 1 else free = math.max(0, math.floor(math.min(free, most - out))) end
  local fair = math.max(1, math.floor(free * want / math.max(1, wanted)))
  local granted = math.min(want, free, fair)
  if granted > 0 then
    holder.out = holder.out + granted
    holder.ends = now + leaseMs
  end
  local step = math.min(latestMs, math.max(soonestMs, lookAt(bucket, period) - now))
  local left = free - granted
  local shortest = shortestTurnMs
  if left > 0 then step, shortest = 0, shortestTurnWithPermitsMs end
  local turn = math.min(latestMs * 2, math.max(shortest, turnPart * (waiting - left) * period / refill))
  local askAgain = 0
  if granted < want then askAgain = math.ceil(math.max(step, turn)) end
  leases[#leases + 1] = granted
  leases[#leases + 1] = leaseMs
  leases[#leases + 1] = askAgain
  leases[#leases + 1] = (needsAnswer and granted < want) and 1 or 0
  leases[#leases + 1] = math.max(0, math.ceil(bucket.closedUntil - now))
  leases[#leases + 1] = math.max(0, math.floor(bucket.level - out - granted))
  write(key, bucket, holders, changed, gone, capacity / refill * period)
end
return leases
`;
