//! JSON numbers become integers or floats.
//!
//! `str::parse::<f64>` would bring 11 KiB of tables into the plugin's memory, and 18 KiB into the
//! module.

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

/// Takes a number (RFC 8259, section 6) from the start of `text`, and answers the rest.
///
/// Without point and exponent it is an integer if that has 64 bits; minus zero is none. Else it is
/// the nearest float, ties to even. `None` if there is no such float: zero apart, they go from
/// 2.3e-308 to 1.7e308, subnormal ones left out. `None`, too, for 40 digits and more that are closer
/// to the middle between two floats than one part in 2^120: here they can't be told apart.
pub(crate) fn take(text: &[u8]) -> Option<(Number, &[u8])> {
    let (decimal, rest) = Decimal::take(text)?;
    if let Some(integer) = decimal.integer() {
        return Some((Number::Int(integer), rest));
    }
    let float = decimal.small_float().or_else(|| decimal.float())?;
    Some((Number::Float(if decimal.negative { -float } else { float }), rest))
}

/// A number taken apart.
struct Decimal<'t> {
    negative: bool,
    integer: &'t [u8],
    fraction: &'t [u8],
    exponent: Option<i32>,
    /// The digits before and after the point as one number, if they are few.
    small: Option<u64>,
}

impl<'t> Decimal<'t> {
    fn take(text: &'t [u8]) -> Option<(Self, &'t [u8])> {
        let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
        let (integer, mut rest) = take_digits(text)?;
        if let [b'0', _, ..] = integer {
            return None;
        }
        let mut fraction = &[][..];
        if let [b'.', after @ ..] = rest {
            (fraction, rest) = take_digits(after)?;
        }
        let mut exponent = None;
        if let [b'e' | b'E', after @ ..] = rest {
            let power;
            (power, rest) = take_exponent(after)?;
            exponent = Some(power);
        }
        let small = append(append(Some(0), integer), fraction);
        Some((Self { negative, integer, fraction, exponent, small }, rest))
    }

    /// What the digits as one number are multiplied by: ten to the power of this.
    fn scale(&self) -> i32 {
        self.exponent.unwrap_or_default().saturating_sub_unsigned(self.fraction.len() as u32)
    }

    fn integer(&self) -> Option<i64> {
        let whole = self.fraction.is_empty() && self.exponent.is_none();
        let small = self.small.filter(|_| whole)?;
        match (self.negative, small) {
            (false, _) => i64::try_from(small).ok(),
            (true, 0) => None,
            (true, _) => 0_i64.checked_sub_unsigned(small),
        }
    }

    /// Two floats that are exact make one that is nearest (Clinger 1990).
    fn small_float(&self) -> Option<f64> {
        let small = self.small.filter(|small| *small < 1 << 53)? as f64;
        match self.scale() {
            scale @ 0..=22 => Some(small * power_of_ten(scale)),
            scale @ -22..0 => Some(small / power_of_ten(-scale)),
            _ => None,
        }
    }

    fn float(&self) -> Option<f64> {
        let mut scale = self.scale();
        let mut wide = Wide::ZERO;
        for digit in self.integer.iter().chain(self.fraction) {
            if !wide.append(digit - b'0') {
                scale += 1;
            }
        }
        if wide.limbs == Wide::ZERO.limbs {
            return Some(0.0);
        }
        // With 48 digits, whatever lies outside is past the range.
        if !(-360..=308).contains(&scale) {
            return None;
        }
        wide.normalize();
        wide.scale(scale);
        wide.round()
    }
}

/// Digits, at least one.
fn take_digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())
}

/// What follows an `e`; far past the range of floats it stops counting.
fn take_exponent(text: &[u8]) -> Option<(i32, &[u8])> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (digits, rest) = take_digits(text)?;
    let magnitude = append(Some(0), digits).map_or(FAR, |power| power.min(FAR)) as i32;
    Some((if negative { -magnitude } else { magnitude }, rest))
}

const FAR: u64 = 1_000_000;

/// Appends digits to a number, if it stays below 10^19.
fn append(number: Option<u64>, digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(number?, |number, digit| {
        (number < 1_000_000_000_000_000_000).then(|| number * 10 + u64::from(digit - b'0'))
    })
}

/// Exact up to 22.
fn power_of_ten(power: i32) -> f64 {
    (0..power).fold(1.0, |product, _| product * 10.0)
}

/// A positive number of 160 bits: the limbs, the highest first, times two to the power of
/// `exponent`. Normalized, the highest bit is set.
struct Wide {
    limbs: [u32; 5],
    exponent: i32,
    /// Nothing was cut off; else the number is larger than what is here, by less than one part in
    /// 2^123: 40 steps cut off less than one in 2^129 each.
    exact: bool,
}

impl Wide {
    const ZERO: Self = Self { limbs: [0; 5], exponent: 0, exact: true };

    /// Takes one more digit, or cuts it off if there is no room.
    fn append(&mut self, digit: u8) -> bool {
        let room = self.limbs[0] < 1 << 28;
        if room {
            self.multiply_add(10, digit.into());
        } else {
            self.exact &= digit == 0;
        }
        room
    }

    /// Answers what doesn't fit.
    fn multiply_add(&mut self, factor: u32, mut carry: u64) -> u32 {
        for limb in self.limbs.iter_mut().rev() {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        carry as u32
    }

    /// Multiplies with ten to the power of `scale`, in steps of at most nine digits.
    fn scale(&mut self, mut scale: i32) {
        while scale != 0 {
            let step = scale.clamp(-9, 9);
            let factor = 10_u32.pow(step.unsigned_abs());
            if step > 0 {
                self.multiply(factor);
            } else {
                self.divide(factor);
            }
            self.normalize();
            scale -= step;
        }
    }

    fn multiply(&mut self, factor: u32) {
        let highest = self.multiply_add(factor, 0);
        self.exact &= self.limbs[4] == 0;
        self.limbs.rotate_right(1);
        self.limbs[0] = highest;
        self.exponent += 32;
    }

    fn divide(&mut self, divisor: u32) {
        let mut rest = 0;
        for limb in &mut self.limbs {
            let dividend = (rest << 32) | u64::from(*limb);
            // Never by zero; the compiler doesn't see it, and would keep a panic for it.
            let quotient = dividend.checked_div(divisor.into()).unwrap_or_default();
            *limb = quotient as u32;
            rest = dividend - quotient * u64::from(divisor);
        }
        self.exact &= rest == 0;
    }

    /// Only for numbers other than zero.
    fn normalize(&mut self) {
        while self.limbs[0] < 1 << 31 {
            let shift = self.limbs[0].leading_zeros().clamp(1, 31);
            self.multiply_add(1 << shift, 0);
            self.exponent -= shift as i32;
        }
    }

    /// The nearest float of a normalized number.
    fn round(&self) -> Option<f64> {
        let [first, second, third, fourth, fifth] = self.limbs;
        let mantissa = (u64::from(first) << 21) | u64::from(second >> 11);
        let (half, below) = (second & 0x400 != 0, second & 0x3ff);
        let nothing_below = self.exact && (below | third | fourth | fifth) == 0;
        let ones_below = (below, third, fourth >> 8) == (0x3ff, u32::MAX, 0xff_ffff);
        if !half && ones_below && !self.exact {
            return None;
        }
        let up = half && !(nothing_below && mantissa & 1 == 0);
        // The mantissa's highest bit adds the last one to the exponent; rounding may add another.
        let exponent = self.exponent + 159 + 1022;
        if !(0..2046).contains(&exponent) {
            return None;
        }
        let bits = ((exponent as u64) << 52) + mantissa + u64::from(up);
        Some(f64::from_bits(bits)).filter(|float| float.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::{Number, take};

    fn parse(text: &str) -> Option<Number> {
        take(text.as_bytes()).map(|(number, rest)| {
            assert_eq!(rest, b"");
            number
        })
    }

    #[test]
    fn integers_stay_integers() {
        for (text, integer) in [
            ("0", 0),
            ("7", 7),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(parse(text), Some(Number::Int(integer)), "{text}");
        }
    }

    #[test]
    fn what_is_no_integer_is_the_nearest_float() {
        for text in [
            "-0",
            "-0.0",
            "0.0",
            "0e0",
            "0e999999999999",
            "1.0",
            "1e0",
            "0.1",
            "-2.5E+3",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "100000000000000000000",
            "3.14159265358979323846264338327950288419716939937510582097494459",
            "0.30000000000000004",
            "1e22",
            "1e23",
            "9007199254740993.0",
            "9007199254740993.000000000000000000000000000000000000000000000000000000000001",
            "1.7976931348623157e308",
            "2.2250738585072014e-308",
            "179769313486231570793e288",
            "0.00000000000000000000000000000000000000000000000000000000000000000000000000001",
            "10000000000000000000000000000000000000000000000000000000000000000000000000000",
            "6929495644600919.5",
            "8.98846567431158e307",
        ] {
            check(text);
        }
    }

    #[test]
    fn what_is_past_the_range_is_nothing() {
        for text in [
            "1e309",
            "179769313486231581e291",
            "-1.7976931348623159e308",
            "1e-309",
            "5e-324",
            "1e99999999999",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_too_close_to_a_tie_is_nothing() {
        let text = "9007199254740992.999999999999999999999999999999999999999999999999";
        assert_eq!(parse(text), None);
        check(&text[..36]);
    }

    fn check(text: &str) {
        let Some(Number::Float(found)) = parse(text) else { panic!("{text}") };
        let expected: f64 = text.parse().unwrap();
        assert_eq!(found.to_bits(), expected.to_bits(), "{text}: {found:e} {expected:e}");
    }

    /// Marsaglia 2003.
    struct XorShift(u64);

    impl XorShift {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }
    }

    #[test]
    fn a_float_survives_its_own_digits() {
        let mut random = XorShift(0x2545_f491_4f6c_dd1d);
        for _ in 0..100_000 {
            let float = f64::from_bits(random.next());
            if float.is_normal() {
                check(&format!("{float:e}"));
            }
        }
    }

    #[test]
    fn random_digits_become_the_nearest_float() {
        let mut random = XorShift(88_172_645_463_325_252);
        for _ in 0..100_000 {
            let mut text: String = format!("{}.", random.next() % 10);
            for _ in 0..random.next() % 4 {
                text += &format!("{}", random.next());
            }
            text += &format!("{}e{}", random.next() % 1000, random.next() as i64 % 307);
            check(&text);
        }
    }

    #[test]
    fn the_middle_between_two_floats_goes_to_the_even_one() {
        let mut random = XorShift(1);
        for _ in 0..10_000 {
            // 54 bits, the lowest set: a tie.
            let tie = (1 << 53) | (random.next() >> 11) | 1;
            for tail in ["", ".0", ".00000000000000000000000000000000000000000000001"] {
                let text = format!("{tie}00000{tail}");
                check(&text);
                check(&format!("{tie}.0"));
            }
        }
    }
}
